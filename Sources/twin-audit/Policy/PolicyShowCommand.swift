internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import PolicyDocuments
internal import TerminalSupport

/// What of a policy is shown.
enum PolicySection: String, ExpressibleByArgument, CaseIterable {
    case history
    case document
    case networks
    case connectors
    case users
    case groups
    case serviceAccounts = "service-accounts"
    case devices
    case resources
    case grants
    case reach
}

struct PolicyShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a policy history, or what one snapshot of it holds.",
        discussion: """
            `history` lists the snapshots; `document` prints one as the YAML that can be changed and compared; `grants` has one row an edge;
            `reach` has one row for each Resource that somebody may reach, with the grant; the others list objects.

            Ends with 0, with 2 for a user whom the snapshot does not have, with 3 when a document is refused, with 6 when no policy was in
            force then or the snapshot holds nothing of what was asked for.

            Examples:
              twin-audit policy show --policy policies
              twin-audit policy show grants --at 2026-10-08T06:30:00Z --format csv
              twin-audit policy show reach --user ana@acme.example
              twin-audit policy show document --at yesterday > proposal.yaml
            """)

    @OptionGroup var source: PolicyArguments
    @OptionGroup var output: OutputOptions

    @Argument(help: "What to show: \(PolicySection.allCases.map(\.rawValue).joined(separator: ", ")).")
    var what: PolicySection = .history
    @Option(help: ArgumentHelp("The snapshot in force then. [default: the last one]", valueName: "time"))
    var at: String?
    @Option(help: ArgumentHelp("Whose reach: e-mail, service account, or id.", valueName: "who"))
    var user: String?

    func run() throws {
        if what == .history { return try showHistory() }
        let time = try TimeOption.parse(at, option: "--at")
        let policy: CompiledPolicy
        if let time {
            policy = try source.inForce(at: time)
        } else {
            guard let last = try source.history().policies.last else { throw CommandFailure(.undecidable, "there is no policy to show") }
            policy = last
        }
        guard (what == .reach) == (user != nil) else {
            throw CommandFailure(.usage, what == .reach ? "`show reach` needs --user" : "--user goes with `show reach`")
        }
        if what == .document {
            let stream = OutputStream()
            try stream.write(policy.snapshot.yaml())
            return try stream.flush()
        }
        let rows = PolicyRows(policy: policy, at: time ?? max(policy.snapshot.effectiveAt, Present.now))
        let (columns, cells) = try user.map { try rows.reach(of: $0) } ?? rows.table(of: what)
        let writer = RowWriter(format: output.format, columns: columns, output: OutputStream())
        for row in cells { try writer.write(row) }
        try writer.finish()
        guard cells.isEmpty else { return }
        // That somebody reaches nothing is an answer, unless there is nothing to reach.
        if user != nil, !policy.snapshot.resources.isEmpty {
            return Message.write("may reach none of the \(policy.snapshot.resources.count) Resources of \(policy.snapshot.effectiveAt)")
        }
        throw CommandFailure(.undecidable, "nothing to show: the snapshot of \(policy.snapshot.effectiveAt) holds no \(noun)")
    }

    private var noun: String {
        switch what {
        case .connectors: "Connectors"
        case .networks: "Remote networks"
        case .serviceAccounts: "service accounts"
        case .resources, .reach: "Resources"
        default: what.rawValue
        }
    }

    private func showHistory() throws {
        let columns = [
            "effective_at", "version", "digest", "networks", "connectors", "users", "groups", "service_accounts", "resources", "grants",
            "incomplete",
        ]
        let writer = RowWriter(format: output.format, columns: columns, output: OutputStream())
        for policy in try source.history().policies {
            let snapshot = policy.snapshot
            let gaps = PolicySnapshot.Gaps.names.filter { snapshot.gaps.contains($0.gap) }.map(\.name)
            try writer.write([
                .time(snapshot.effectiveAt.rfc3339), .integer(snapshot.version), .text(policy.digest),
                .integer(snapshot.networks.count), .integer(snapshot.connectors.count), .integer(snapshot.users.count),
                .integer(snapshot.groups.count), .integer(snapshot.serviceAccounts.count), .integer(snapshot.resources.count),
                .integer(snapshot.resources.reduce(0) { $0 + $1.access.count }), .text(gaps.isEmpty ? nil : gaps.joined(separator: " ")),
            ])
        }
        try writer.finish()
    }
}
