internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import PolicyDocuments
internal import Replay
internal import TerminalSupport

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Judge the history under the policies that were in force, or under a proposed one.",
        discussion: """
            Judges the flows of the database, or with PATHs those of journals and logs, which are read into a private database that is
            removed when the command ends. Prints a summary by class and reason, or with --flows every flow. Ends with 1 when enforcement
            was wrong anywhere, else with 6 when a flow cannot be verified or there was nothing to judge, with 3 when a document or log is
            refused.

            With --against, every recorded flow is asked, at its start, of a proposed policy, too, and the difference to the current one
            is listed for each principal and Resource: ACCESS_REVOKED, ACCESS_MAYBE_REVOKED, ACCESS_GAINED, ACCESS_MAYBE_GAINED,
            UNKNOWN_CHANGE, NO_CHANGE. Access that is gained and that nobody was recorded trying comes last, with 0 flows. Ends with 1 when
            anybody would lose access that was asked for, with 6 when that cannot be said for certain.

            Examples:
              twin-audit replay --policy policies
              twin-audit replay journals/ --policy policies
              twin-audit replay --flows --format csv > verdicts.csv
              twin-audit replay --by connector
              twin-audit replay --coverage --since 90d
              twin-audit replay --against proposal.yaml --since 90d
            """)

    @Argument(help: ArgumentHelp("Journals and logs to judge, instead of the database.", valueName: "path"))
    var paths: [String] = []
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var engine: EngineArguments

    @Option(help: ArgumentHelp("Snapshots to judge by. [default: the history in the database]", valueName: "directory"))
    var policy: String?
    @Flag(
        help:
            "List every flow; the first columns are connection_id, start (ms), outcome, class, reason, expected_resource, qualifiers."
    )
    var flows = false
    @Option(help: ArgumentHelp("Sum by: class, connector, day (of each Connector), policy.", valueName: "what"))
    var by = "class"
    @Flag(help: "List which Resources and grants were exercised, and which never.")
    var coverage = false
    @Option(help: ArgumentHelp("A proposed policy: a document, or a directory whose last document is meant.", valueName: "path"))
    var against: String?
    @Option(
        help: ArgumentHelp(
            "What the proposal is compared with: the policy that it would replace (current), or the ones that were in force (then).",
            valueName: "policy"))
    var baseline: WhatIf.Baseline = .current
    @Option(help: ArgumentHelp("Flows that began at or after.", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Flows that began before.", valueName: "time"))
    var until: String?

    func run() throws {
        guard ["class", "connector", "day", "policy"].contains(by) else {
            throw CommandFailure(.usage, "--by takes class, connector, day or policy, not `\(by)`")
        }
        guard [flows, coverage, against != nil, by != "class"].count(where: { $0 }) <= 1 else {
            throw CommandFailure(.usage, "--flows, --coverage, --against and --by exclude each other")
        }
        let period = (
            since: try TimeOption.parse(since, option: "--since") ?? .distantPast,
            until: try TimeOption.parse(until, option: "--until") ?? .distantFuture
        )
        if period.since >= period.until { throw CommandFailure(.usage, "--since \(period.since) is not before --until \(period.until)") }
        guard !paths.isEmpty else { return try answer(try database.open(), period) }
        guard database.file == nil else { throw CommandFailure(.usage, "name either paths or a database with --db, not both") }
        guard policy != nil || against != nil else {
            throw CommandFailure(.usage, "journals and logs hold no policy; name snapshots with --policy")
        }
        try PrivateDatabase.holding(paths) { try answer($0, period) }
    }

    private func answer(_ database: AuditDatabase, _ period: (since: Timestamp, until: Timestamp)) throws {
        let history = try history(database)
        if let against { return try compare(against, history, database, period) }
        guard let history, !history.isEmpty else {
            throw CommandFailure(
                .undecidable, "the database remembers no policy; name snapshots with --policy, or ingest with --policy")
        }
        if coverage { return try CoverageListing(output: output).write(history, try engine.options(), database, period) }
        var replay = Replay(history: history, options: try engine.options())
        replay.since = period.since
        replay.until = period.until

        let summary: ReplaySummary
        if flows {
            let writer = RowWriter(format: output.format, columns: FlowRows.columns, output: OutputStream())
            summary = try replay.list(database, FlowRows(writer))
            try writer.finish()
        } else if by == "connector" || by == "day" {
            summary = try ConnectorListing(output: output).write(byDay: by == "day", replay, database)
        } else {
            summary = try replay.summary(database)
            if summary.flows > 0 { try by == "policy" ? writePolicies(summary, history) : writeClasses(summary) }
        }
        try conclude(summary)
    }

    private func history(_ database: AuditDatabase) throws -> PolicyHistory? {
        guard let policy else { return try database.policyHistory() }
        return try PolicyPath.isDirectory(policy) ? .load(directory: policy) : .load(files: [policy])
    }

    private func compare(
        _ path: String, _ history: PolicyHistory?, _ database: AuditDatabase, _ period: (since: Timestamp, until: Timestamp)
    ) throws {
        let proposals: PolicyHistory = try PolicyPath.isDirectory(path) ? .load(directory: path) : .load(files: [path])
        guard let proposal = proposals.policies.last else { throw CommandFailure(.inputRefused, "`\(path)` holds no policy") }
        var whatIf = WhatIf(history: history, proposal: proposal, options: try engine.options())
        whatIf.baseline = baseline
        whatIf.since = period.since
        whatIf.until = period.until
        try WhatIfListing(output: output).write(try whatIf.run(database))
    }

    private func writePolicies(_ summary: ReplaySummary, _ history: PolicyHistory) throws {
        let writer = RowWriter(format: output.format, columns: ["policy", "digest", "flows", "violations"], output: OutputStream())
        for (at, sums) in summary.policies.sorted(by: { $0.key < $1.key }) {
            let digest = history.inForce(at: at)?.digest
            try writer.write([.time(at.rfc3339), .text(digest), .integer(sums.flows), .integer(sums.violations)])
        }
        try writer.finish()
    }

    private func writeClasses(_ summary: ReplaySummary) throws {
        let writer = RowWriter(format: output.format, columns: ["class", "reason", "qualifiers", "flows"], output: OutputStream())
        let order = VerdictClass.allCases
        let rows = summary.kinds.sorted { left, right in
            let (a, b) = (order.firstIndex(of: left.key.verdictClass) ?? 0, order.firstIndex(of: right.key.verdictClass) ?? 0)
            if a != b { return a < b }
            if left.value != right.value { return left.value > right.value }
            return (left.key.reason?.rawValue ?? "", left.key.qualifiers.text)
                < (right.key.reason?.rawValue ?? "", right.key.qualifiers.text)
        }
        for (kind, count) in rows {
            try writer.write([
                .text(kind.verdictClass.rawValue), .text(kind.reason?.rawValue), .text(kind.qualifiers.text), .integer(count),
            ])
        }
        try writer.finish()
    }

    private func conclude(_ summary: ReplaySummary) throws {
        guard summary.flows > 0, let first = summary.first, let last = summary.last else {
            Message.write("nothing was judged: the database holds no flows of that period")
            throw ExitStatusError(.undecidable)
        }
        Message.write(
            """
            judged \(summary.flows) flows from \(first) to \(last): \(summary.violations) violations, \(summary.unverifiable) \
            cannot be verified
            """)
        if summary.violations > 0 { throw ExitStatusError(.badAnswer) }
        if summary.unverifiable > 0 { throw ExitStatusError(.undecidable) }
    }
}

/// Choices of the engine.
struct EngineArguments: ParsableArguments {
    @Option(help: ArgumentHelp("How long a policy change may take to reach a Connector, in seconds.", valueName: "seconds"))
    var grace: Int = Int(EngineOptions.defaultGraceMs / 1_000)
    @Option(help: ArgumentHelp("How far clocks may be apart, in seconds.", valueName: "seconds"))
    var skew: Int = Int(EngineOptions.defaultSkewMs / 1_000)
    @Option(help: ArgumentHelp("Pick the Resource among those granted to the principal, or in the whole tenant.", valueName: "set"))
    var selection: EngineOptions.Selection = .granted
    @Flag(help: "A port that the selected Resource refuses may be allowed by a broader one.")
    var portFallthrough = false

    func options() throws -> EngineOptions {
        guard (0...86_400).contains(grace), (0...3_600).contains(skew) else {
            throw CommandFailure(.usage, "--grace takes 0 to 86400 seconds, --skew 0 to 3600")
        }
        return EngineOptions(
            selection: selection, portFallthrough: portFallthrough, graceMs: Int64(grace) * 1_000, skewMs: Int64(skew) * 1_000)
    }
}
