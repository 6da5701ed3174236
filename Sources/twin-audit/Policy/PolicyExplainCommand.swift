internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import TerminalSupport

struct PolicyExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Would this connection be allowed at that moment, and why?",
        discussion: """
            Tells every step of the decision, the Resources that cover the destination, the grants, and for a denial the nearest single
            changes that would have allowed it. Ends with 0 when it is allowed, 1 when it is denied, 6 when no policy was in force or the
            policy does not say enough, 2 when the policy has nobody of that name (`user:ID` need not be there), 3 when a document is refused.

            Example:
              twin-audit policy explain --user ana@acme.example --to wiki.corp.acme.example:443/tcp --connector fine-otter-00 \
            --at 2026-10-08T06:30:00Z
            """)

    @OptionGroup var source: PolicyArguments
    @OptionGroup var output: OutputOptions
    @OptionGroup var engine: EngineArguments

    @Option(help: ArgumentHelp("E-mail or id of a user; user:ID for one that need not exist.", valueName: "who"))
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
    @Option(help: ArgumentHelp("Country that the client is in.", valueName: "name"))
    var country: String?
    @Option(
        help: ArgumentHelp(
            "When this principal last used a Resource, for grants that lock themselves: RESOURCE=TIME, or TIME for all others.",
            valueName: "use"))
    var lastUse: [String] = []
    @Option(help: ArgumentHelp("The moment. [default: now]", valueName: "time"))
    var at: String?

    func run() throws {
        let time = try TimeOption.parse(at, option: "--at") ?? Present.now
        let target: ConnectionTarget
        do throws(ConnectionTarget.Problem) {
            target = try ConnectionTarget(to)
        } catch {
            throw CommandFailure(.usage, "--to: \(error)")
        }
        let address = try resolved.map { text in
            guard let address = IPAddress(recorded: text) else {
                throw CommandFailure(.usage, "--resolved takes an address, not `\(text)`")
            }
            return address
        }
        guard let who = user ?? serviceAccount, user == nil || serviceAccount == nil else {
            throw CommandFailure(.usage, "name either --user or --service-account")
        }
        let policy = try source.inForce(at: time)
        let request = AccessRequest(
            principal: try policy.snapshot.principalOnCommandLine(who), serviceKeyID: key,
            destination: target.destination, resolvedAddress: address, transport: target.transport, port: target.port,
            connectorID: connector.map { policy.snapshot.connectorID(named: $0) }, deviceID: device,
            location: country.map { LocationEvidence(country: $0) }, lastUses: try lastUses(policy.snapshot),
            at: time)
        let explanation = policy.explain(request, options: try engine.options())
        try write(explanation)
        if explanation.verdict.isUndecidable { throw ExitStatusError(.undecidable) }
        if !explanation.verdict.isAllowed { throw ExitStatusError(.badAnswer) }
    }

    private func lastUses(_ snapshot: PolicySnapshot) throws -> LastUses {
        var uses = LastUses.none
        for text in lastUse {
            guard let mark = text.lastIndex(of: "=") else {
                uses.otherwise = try TimeOption.parse(text, option: "--last-use")
                continue
            }
            let name = String(text[..<mark])
            let id = try snapshot.resourceOnCommandLine(name, option: "--last-use")
            uses.byResource[id] = try TimeOption.parse(String(text[text.index(after: mark)...]), option: "--last-use")
        }
        return uses
    }

    private func write(_ explanation: Explanation) throws {
        let verdict = explanation.verdict
        let snapshot = verdict.policy.snapshot
        let writer = RowWriter(format: output.format, columns: ["field", "value"], output: OutputStream())
        func row(_ field: String, _ value: String?) throws {
            if let value { try writer.write([.text(field), .text(value)]) }
        }
        try row("effect", verdict.effect.rawValue)
        try row("reason", verdict.reason.rawValue)
        if let resource = verdict.nearestResource {
            try row(verdict.resourceID == nil ? "nearest_resource" : "resource", resource.display)
            try row("network", verdict.policy.network(resource.networkID).map { "\($0.name) (\($0.id))" } ?? resource.networkID)
        }
        try row("applied_rule", verdict.appliedRule)
        for grant in explanation.grants { try row("grant", grant) }
        for step in explanation.steps {
            try row("step", "\(step.name) \(step.outcome.rawValue)" + (step.detail.isEmpty ? "" : ": \(step.detail)"))
        }
        for candidate in explanation.candidates {
            let mark = candidate.isSelected ? "selected: " : ""
            try row("covering", "\(mark)\(candidate.name) (\(candidate.resourceID)), \(candidate.rule): \(candidate.standing)")
        }
        for remedy in explanation.remedies { try row("would_be_allowed", remedy) }
        if !verdict.isAllowed, explanation.remedies.isEmpty { try row("would_be_allowed", "by no single change that was tried") }
        if verdict.isAmbiguous { try row("ambiguous", "several Resources match equally well; the lowest id was used") }
        if verdict.isPostureUnknown { try row("posture", "a security policy asks for evidence that the question does not carry") }
        if verdict.isUndecidable { try row("undecidable", "the snapshot's source does not hold what the answer rests on") }
        if verdict.validity.from > .distantPast { try row("answer_holds_from", verdict.validity.from.rfc3339) }
        if verdict.validity.until < .distantFuture { try row("answer_holds_until", verdict.validity.until.rfc3339) }
        try row("policy", snapshot.versionText + (snapshot.version == nil ? "" : ", in force from \(snapshot.effectiveAt)"))
        try row("digest", verdict.policy.digest)
        try writer.finish()
    }
}
