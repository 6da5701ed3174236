internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import PolicyDocuments
internal import Replay
internal import TerminalSupport
internal import TextEncodings
internal import Wording

struct PolicyDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "What changed between two policies, who gains and who loses by it.",
        discussion: """
            OLD and NEW are documents, or times within the history given by --policy or kept in the database. First come the changes, object
            by object, then what they mean: every set of principals who lose, gain, or are routed through another Resource, each with one
            connection that shows it. With --log, an export of the administrative audit log, each change is shown with who made it and
            when, and the time by which the newer policy must have been in force is given. With --flows, the recorded connections that
            each gain made possible are counted, from the newer policy's time on. Ends with 0, with 1 under --exit-code when anybody gains or
            loses access, with 3 when a document is refused, with 6 when no policy was in force at a given time.

            Examples:
              twin-audit policy diff policies/2026-10-08T06:00:00Z.yaml proposal.yaml
              twin-audit policy diff 2026-10-08T05:00:00Z 2026-10-08T07:00:00Z --log audit.ndjson --format json
            """)

    @OptionGroup var source: PolicyArguments
    @OptionGroup var output: OutputOptions
    @OptionGroup var engine: EngineArguments

    @Argument(help: ArgumentHelp("The older policy: a document, or a time.", valueName: "old"))
    var old: String
    @Argument(help: ArgumentHelp("The newer policy: a document, or a time.", valueName: "new"))
    var new: String
    @Option(help: ArgumentHelp("The moment at which expiries are taken. [default: the newer policy's time]", valueName: "time"))
    var at: String?
    @Option(help: ArgumentHelp("Administrative audit log that dates the changes.", valueName: "file"))
    var log: [String] = []
    @Flag(help: "Count the recorded flows that each gain made possible.")
    var flows = false
    @Flag(help: "End with 1 when anybody gains or loses access.")
    var exitCode = false

    /// More names than this in one cell help nobody; JSON forms hold all.
    private static let namesShown = 5

    func run() throws {
        let before = try policy(old)
        let after = try policy(new)
        let diff = PolicyDiff(from: before, to: after, at: try TimeOption.parse(at, option: "--at"), options: try engine.options())
        let columns = ["what", "object", "text", "principals", "example", "before", "after", "by", "changed_at", "flows"]
        let writer = RowWriter(format: output.format, columns: columns, output: OutputStream())
        let entries = try log.flatMap { try AdministrativeLog.read(try PolicyFile.read($0), file: $0) }
        for change in diff.changes {
            let entry = entries.last { entry in
                entry.time > before.snapshot.effectiveAt && entry.time <= after.snapshot.effectiveAt
                    && entry.targets.contains { $0.object == change.object }
            }
            try writer.write([
                .text(change.kind.rawValue), .text("\(change.object.kind.rawValue) \(change.object.id)"), .text(change.text), .null, .null,
                .null, .null, .text(entry?.actor), entry.map { .time($0.time.rfc3339) } ?? .null, .null,
            ])
        }
        let uses = flows ? try used(after) : nil
        for difference in diff.access { try writer.write(row(difference, before.snapshot, after.snapshot, uses)) }
        try writer.finish()
        try summarize(diff, entries, before, after)
        if exitCode, !diff.access.isEmpty { throw ExitStatusError(.badAnswer) }
    }

    /// What the records show of the newer policy's use since it came into force.
    private func used(_ policy: CompiledPolicy) throws -> [RecordedUse] {
        var survey = UseSurvey(.policy(policy), options: try engine.options())
        survey.since = policy.snapshot.effectiveAt
        return try survey.run(try source.database.open()).uses
    }

    private func row(
        _ difference: AccessDifference, _ before: PolicySnapshot, _ after: PolicySnapshot, _ uses: [RecordedUse]?
    ) -> [Cell] {
        let principals = Set(difference.principals)
        let count = uses?.reduce(Int64(0)) { sum, use in
            use.resourceID == difference.resource.id && principals.contains(use.principal) ? sum + use.flows : sum
        }
        let resource = difference.resource
        let verb =
            switch difference.effect {
            case .gained: "may now reach"
            case .lost: "may no longer reach"
            case .rerouted: "reaches through another Resource now:"
            }
        let snapshot = difference.effect == .lost ? before : after
        let names = difference.principals.prefix(PolicyDiffCommand.namesShown).map { snapshot.display($0) }
        let more = difference.principals.count - names.count
        let who = names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
        let ids = JSONWriter.text(.shown) { $0.array { for who in difference.principals { $0.string("\(who.kind.rawValue):\(who.id)") } } }
        let isJSON = output.format == .json || output.format == .ndjson
        return [
            .text(difference.effect.rawValue), .text("Resource \(resource.id)"), .text("\(who) \(verb) \(resource.display)"),
            isJSON ? .json(ids) : .integer(difference.principals.count), .text(difference.target.description),
            .text(words(difference.before)), .text(words(difference.after)), .null, .null,
            .integer(difference.effect == .gained ? count : nil),
        ]
    }

    private func words(_ verdict: Verdict) -> String {
        verdict.isAllowed ? "allowed by \(verdict.appliedRule ?? "")" : verdict.reason.rawValue
    }

    private func policy(_ text: String) throws -> CompiledPolicy {
        if let time = Timestamp(text) ?? Timestamp(text + "T00:00:00Z") { return try source.inForce(at: time) }
        return CompiledPolicy(try PolicyDocument(path: text).snapshot)
    }

    private func summarize(
        _ diff: PolicyDiff, _ entries: [AdministrativeChange], _ before: CompiledPolicy, _ after: CompiledPolicy
    ) throws {
        func count(_ effect: AccessDifference.Effect) -> Int { diff.access.count { $0.effect == effect } }
        Message.write(
            "\(diff.changes.count) changes; \(count(.lost)) losses, \(count(.gained)) gains, \(count(.rerouted)) re-routings, found by "
                + "trying \(diff.connectionsTried) connections")
        guard !entries.isEmpty, before.snapshot.effectiveAt < after.snapshot.effectiveAt else { return }
        let history = try PolicyHistory(policies: [before, after])
        if let time = history.narrowedTime(at: 1, by: entries) {
            Message.write(
                "the log explains every change; the newer policy was in force from \(time) on, not from \(after.snapshot.effectiveAt)")
        } else {
            let open = history.dated(at: 1, by: entries).count { $0.entries.isEmpty }
            Message.write("the log does not explain \(open) of \(diff.changes.count) changes")
        }
    }
}
