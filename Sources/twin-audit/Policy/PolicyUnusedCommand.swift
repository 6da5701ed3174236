internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import Replay
internal import TerminalSupport

/// A period of records and a policy to hold them against.
struct PolicyUseArguments: ParsableArguments {
    @OptionGroup var source: PolicyArguments
    @OptionGroup var engine: EngineArguments

    @Option(help: ArgumentHelp("The policy in force then. [default: the last one]", valueName: "time"))
    var at: String?
    @Option(help: ArgumentHelp("Flows that began at or after: RFC 3339, a date, 90d.", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Flows that began before.", valueName: "time"))
    var until: String?

    func period() throws -> (since: Timestamp, until: Timestamp) {
        let period = (
            since: try TimeOption.parse(since, option: "--since") ?? .distantPast,
            until: try TimeOption.parse(until, option: "--until") ?? .distantFuture
        )
        if period.since >= period.until { throw CommandFailure(.usage, "--since \(period.since) is not before --until \(period.until)") }
        return period
    }

    func policy(_ history: PolicyHistory) throws -> CompiledPolicy {
        if let at { return try source.inForce(at: try TimeOption.parse(at, option: "--at") ?? Present.now) }
        guard let policy = history.policies.last else {
            throw CommandFailure(.undecidable, "there is no policy to hold the records against")
        }
        return policy
    }
}

struct PolicyUnusedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unused", abstract: "What of a policy the records of a period never used.",
        discussion: """
            Lists Resources that nobody asked for, grants that carried nothing, open ports and addresses that were not asked for, members
            who used nothing that their group grants, and keys that were never presented. Use is any recorded connection that the policy
            allows, whether a Connector carried it or not. `since` tells from when on the part has been in force: what is younger than the
            period could not be used for all of it. Resources with the routing `bypass` are left out, since no Connector sees their use.
            Ends with 0 whether anything was unused or not, with 3 when a document is refused, with 6 when there is nothing to examine.

            Examples:
              twin-audit policy unused --since 90d
              twin-audit policy unused --policy policies --kind grant --kind resource --format csv
            """)

    @OptionGroup var use: PolicyUseArguments
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("Only: \(UnusedPart.Kind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "kind"))
    var kind: [UnusedPart.Kind] = []

    func run() throws {
        let period = try use.period()
        let history = try use.source.history()
        let policy = try use.policy(history)
        var survey = UseSurvey(.policy(policy), options: try use.engine.options())
        survey.since = period.since
        survey.until = period.until
        let report = try survey.run(try use.source.database.open())
        guard report.flows > 0, let first = report.first, let last = report.last else {
            throw CommandFailure(.undecidable, "nothing was examined: the database holds no flows of that period")
        }
        let unused = UnusedParts(report, of: policy, history: history, at: last)
        let parts = unused.parts.filter { kind.isEmpty || kind.contains($0.kind) }
        let writer = RowWriter(
            format: output.format, columns: ["kind", "resource_id", "resource", "subject", "unused", "since"], output: OutputStream())
        for part in parts {
            try writer.write([
                .text(part.kind.rawValue), .text(part.resource?.id), .text(part.resource?.name), .text(part.subject), .text(part.text),
                part.since.map { .time($0.rfc3339) } ?? .null,
            ])
        }
        try writer.finish()
        Message.write(
            """
            \(parts.count) unused parts of policy \(policy.snapshot.versionText); examined \(report.flows) flows from \(first) to \
            \(last), of which it denies \(report.denied) and cannot decide \(report.undecided)
            """)
    }
}
