internal import AccessPolicy
internal import ArgumentParser
internal import AuditStore
internal import FlowModel
internal import ShellSupport

struct PolicyExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Would this connection be allowed at that moment, and why?",
        discussion: """
            Ends with 0 when it is allowed, 1 when it is denied, 6 when no policy was in force or the policy does not say enough.

            Example:
              twin-audit policy explain --user ana@acme.example --to wiki.corp.acme.example:443/tcp --connector fine-otter-00 \
            --at 2026-10-08T06:30:00Z
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var engine: EngineArguments

    @Option(help: ArgumentHelp("Snapshots to ask. [default: the history in the database]", valueName: "directory"))
    var policy: String?
    @Option(help: ArgumentHelp("E-mail or id of a user.", valueName: "who"))
    var user: String?
    @Option(help: ArgumentHelp("Name or id of a service account.", valueName: "who"))
    var serviceAccount: String?
    @Option(help: ArgumentHelp("Id of the key that the service account uses.", valueName: "id"))
    var key: String?
    @Option(help: ArgumentHelp("Destination: host:port/tcp, host:port/udp or host/icmp.", valueName: "where"))
    var to: String
    @Option(help: ArgumentHelp("Address that the name resolves to.", valueName: "address"))
    var resolved: String?
    @Option(help: ArgumentHelp("Name or id of the Connector.", valueName: "name"))
    var connector: String?
    @Option(help: ArgumentHelp("Id of the device.", valueName: "id"))
    var device: String?
    @Option(help: ArgumentHelp("The moment. [default: now]", valueName: "time"))
    var at: String?

    func run() throws {
        let time = try TimeOption.parse(at, option: "--at") ?? Present.now
        let target = try DestinationArgument(to)
        guard (user == nil) != (serviceAccount == nil) else {
            throw CommandFailure(.usage, "name either --user or --service-account")
        }
        let address = try resolved.map { text in
            guard let address = IPAddress(text) else { throw CommandFailure(.usage, "--resolved takes an address, not `\(text)`") }
            return address
        }
        let history = try policy.map { try PolicyHistory.load(directory: $0) } ?? database.open().policyHistory()
        guard let policy = history?.inForce(at: time) else {
            throw CommandFailure(.undecidable, "no policy is known that was in force at \(time)")
        }
        let snapshot = policy.snapshot
        let request = AccessRequest(
            principal: principal(in: snapshot), serviceKeyID: key, destination: target.destination,
            resolvedAddress: address, transport: target.transport, port: target.port,
            connectorID: connector.map { name in snapshot.connectors.first { $0.name == name }?.id ?? name },
            deviceID: device, at: time)
        let verdict = policy.evaluate(request, options: try engine.options())
        try write(verdict, snapshot)
        if verdict.isUndecidable { throw ExitStatusError(.undecidable) }
        if !verdict.isAllowed { throw ExitStatusError(.badAnswer) }
    }

    private func principal(in snapshot: PolicySnapshot) -> PrincipalReference {
        if let user {
            let lower = user.lowercased()
            let found = snapshot.users.first { $0.id == user } ?? snapshot.users.first { $0.email.lowercased() == lower }
            return PrincipalReference(kind: .user, id: found?.id ?? user)
        }
        let name = serviceAccount ?? ""
        let found = snapshot.serviceAccounts.first { $0.id == name } ?? snapshot.serviceAccounts.first { $0.name == name }
        return PrincipalReference(kind: .serviceAccount, id: found?.id ?? name)
    }

    private func write(_ verdict: Verdict, _ snapshot: PolicySnapshot) throws {
        let writer = RowWriter(format: output.format, columns: ["field", "value"], output: OutputStream())
        func row(_ field: String, _ value: String?) throws {
            if let value { try writer.write([.text(field), .text(value)]) }
        }
        try row("effect", verdict.effect.rawValue)
        try row("reason", verdict.reason.rawValue)
        if let resource = verdict.nearestResource {
            try row(
                verdict.resourceID == nil ? "nearest_resource" : "resource", "\(resource.name) (\(resource.id)), \(resource.address.text)")
            let network = snapshot.networks.first { $0.id == resource.networkID }
            try row("network", network.map { "\($0.name) (\($0.id))" } ?? resource.networkID)
        }
        try row("applied_rule", verdict.appliedRule)
        for grant in verdict.grants {
            switch grant.subject {
            case .group(let id):
                let name = snapshot.groups.first { $0.id == id }?.name ?? id
                try row("grant", "group \(name) (\(id))" + (grant.expiresAt.map { ", until \($0)" } ?? ""))
            case .serviceAccount(let id):
                try row("grant", "service account \(id)" + (grant.expiresAt.map { ", until \($0)" } ?? ""))
            }
        }
        if verdict.isAmbiguous { try row("ambiguous", "several Resources match equally well; the lowest id was used") }
        if verdict.isPostureUnknown { try row("posture", "a security policy asks for evidence that the question does not carry") }
        if verdict.isUndecidable { try row("undecidable", "the snapshot's source does not hold what the answer rests on") }
        if verdict.validity.from > .distantPast { try row("answer_holds_from", verdict.validity.from.rfc3339) }
        if verdict.validity.until < .distantFuture { try row("answer_holds_until", verdict.validity.until.rfc3339) }
        try row("policy", snapshot.effectiveAt.rfc3339)
        try row("digest", verdict.policy.digest)
        try writer.finish()
    }
}

/// `host:port/tcp`, `[v6]:port/udp`, `host/icmp`; without a protocol it is TCP.
struct DestinationArgument {
    var destination: Destination
    var port: UInt16?
    var transport: TransportProtocol

    init(_ text: String) throws {
        let failure = CommandFailure(
            .usage, "--to takes host:port/tcp, host:port/udp or host/icmp, with IPv6 addresses in brackets, not `\(text)`")
        var rest = text[...]
        transport = .tcp
        if let slash = rest.lastIndex(of: "/") {
            guard let named = TransportProtocol(rawValue: rest[rest.index(after: slash)...].lowercased()) else { throw failure }
            transport = named
            rest = rest[..<slash]
        }
        var host = rest
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = rest[rest.index(after: rest.startIndex)..<end]
            rest = rest[rest.index(after: end)...]
        } else if IPAddress(rest) != nil {
            rest = ""
        } else if let colon = rest.lastIndex(of: ":") {
            host = rest[..<colon]
            rest = rest[colon...]
        } else {
            rest = ""
        }
        if !rest.isEmpty {
            guard rest.hasPrefix(":"), let number = UInt16(rest.dropFirst()) else { throw failure }
            port = number
        }
        guard !host.isEmpty, transport == .icmp || port != nil else { throw failure }
        destination = Destination(String(host))
    }
}
