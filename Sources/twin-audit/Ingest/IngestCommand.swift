internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import Ingest
internal import LogFormats
internal import PolicyDocuments
internal import TerminalSupport
internal import Wording

struct IngestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Read journals, logs and exports into the database.",
        discussion: """
            PATHs are files, directories, patterns, or - for standard input; plain, gzip or zlib. Formats are told by content. Reading the
            same bytes twice changes nothing; of a file that has grown only the new part is read.

            Examples:
              twin-audit ingest journals/ --policy policies
              twin-audit ingest '/var/log/twingate/*.gz' --duration-unit ms --strict
              journalctl -u twingate-connector -o cat | twin-audit ingest -
            """)

    @Argument(help: ArgumentHelp("What to read.", valueName: "path"))
    var paths: [String] = []
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var engine: EngineArguments

    @Option(help: "What the input is, instead of finding out: \(InputFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: InputFormat?
    @Option(help: ArgumentHelp("Directory of policy snapshots; flows are judged by them.", valueName: "directory"))
    var policy: String?
    @Option(
        help: ArgumentHelp("The unit of `connection.duration`: ms or us. [default: found from pairs of events]", valueName: "unit"))
    var durationUnit: String?
    @Flag(help: "End with 3 when any line was set aside.")
    var strict = false
    @Flag(help: "Do not wait for another ingest; end with 4.")
    var noWait = false
    @Option(help: ArgumentHelp("Make what was read durable after so many events, or a few seconds.", valueName: "events"))
    var commitEvery: Int = Ingest.Options().transactionEvents
    @Flag(help: "No progress and no summary.")
    var quiet = false

    func run() throws {
        guard !paths.isEmpty || policy != nil else {
            throw CommandFailure(.usage, "name what to read: files, directories, patterns, or - for standard input")
        }
        var options = Ingest.Options()
        options.format = format
        options.durationUnit = try unit()
        options.waits = !noWait
        guard commitEvery > 0 else { throw CommandFailure(.usage, "--commit-every takes a number of events from 1 on") }
        options.transactionEvents = commitEvery
        options.actor = Present.actor
        options.now = Present.now
        options.engine = try engine.options()
        if let policy { options.policies = try PolicyHistory.load(directory: policy).policies.map(\.snapshot) }

        var ingest = Ingest(options: options)
        StopSignal.watch()
        ingest.shouldStop = { StopSignal.isRaised }
        var progress: Progress?
        let quiet = quiet
        ingest.onProgress = { bytes, total, count in
            if progress == nil { progress = Progress(totalBytes: total, unit: "events", quiet: quiet) }
            progress?.update(bytes: bytes, count: count)
        }
        let start = Progress.clock()
        let report = try ingest.run(paths: paths, databasePath: database.path)
        progress?.finish()
        for warning in report.warnings { Message.warning(Escaping.terminal(warning)) }
        for refusal in report.refusals { Message.error(Escaping.terminal(refusal.message)) }
        if !quiet { IngestSummary(report: report, seconds: Progress.clock() - start).write() }
        if report.wasStopped { Message.error("interrupted; what was read so far is kept, and the same command goes on from there") }
        try ExitStatusError.end(with: status(of: report))
    }

    private func unit() throws -> FlowEvent.DurationUnit {
        switch durationUnit {
        case nil: return .unstated
        case "ms": return .milliseconds
        case "us": return .microseconds
        case .some(let other): throw CommandFailure(.usage, "--duration-unit takes ms or us, not `\(other)`")
        }
    }

    private func status(of report: IngestReport) -> ExitStatus {
        let worst = Failure.worst(report.refusals.map(\.storeKind))
        if worst != .clean { return worst }
        if report.wasStopped { return .environment }
        if strict, report.quarantined + report.quarantinedBefore > 0 { return .inputRefused }
        if report.filesRead + report.filesKnown == 0, !paths.isEmpty { return .undecidable }
        if report.filesKnown + report.filesContinued == 0, report.newSnapshots == 0, report.hasNoRecords {
            if report.quarantined > 0 { return .inputRefused }
            Message.warning("no record was found in what was read; nothing can be said from it")
            return .undecidable
        }
        return .clean
    }
}

/// What an ingest did, for people.
struct IngestSummary {
    var report: IngestReport
    var seconds: Double

    /// What the sources say that they lack: no absence of a flow can be trusted there.
    private func writeGaps() {
        if let gap = report.gaps[LogGap.Kind.suppressedMessages.rawValue] {
            let more = gap.uncounted > 0 ? ", and \(gap.uncounted) times without a number" : ""
            Message.write(
                """
                  lost: the system's logger dropped \(gap.counted) messages\(more), as \(gap.places) lines say; \
                events may be among them, see the view log_gap
                """)
        }
        if let gap = report.gaps[LogGap.Kind.zeroBytes.rawValue] {
            Message.write(
                "  holes: \(gap.places) runs of zero bytes, \(gap.counted) bytes in all; what stood there is lost, see the view log_gap")
        }
    }

    func write() {
        let events = report.flowEvents.values.reduce(0, +)
        let rate = seconds > 0.001 ? Int64(Double(events) / seconds) : events
        Message.write(
            "read \(report.filesRead) files (\(report.filesKnown) known already), \(report.bytesRead) bytes in \(Progress.span(seconds))"
        )
        if events > 0 {
            let kinds = [
                (FlowEvent.Kind.established, "established"), (.closed, "closed"), (.failed, "failed"), (.denied, "denied"),
                (.whole, "whole"),
            ]
            let parts = kinds.compactMap { kind, name in report.flowEvents[kind].map { "\($0) \(name)" } }
            Message.write("  connection events: \(events) (\(parts.joined(separator: ", "))), \(rate) a second")
            Message.write(
                "  flows: \(report.newFlows) new, \(report.completions) completed by a later event, \(report.duplicates) events known already"
            )
        }
        if report.recognised > 0 {
            Message.write(
                """
                  sources: \(report.recognised) records without connection id recognised as flows of a Connector's own record, \
                \(report.conflicts) of them in conflict with it
                """)
        }
        if !report.otherRecords.isEmpty {
            let parts = report.otherRecords.sorted { $0.key < $1.key }.map { "\($0.value) \(Escaping.terminal($0.key))" }
            Message.write("  other records: \(parts.joined(separator: ", "))")
        }
        if let first = report.firstAt, let last = report.lastAt { Message.write("  period: \(first) to \(last)") }
        if report.noise > 0 { Message.write("  noise: \(report.noise) lines of service logs") }
        writeGaps()
        if report.quarantinedBefore > 0 {
            Message.write("  set aside before: \(report.quarantinedBefore) lines of files known already, kept in the view quarantine")
        }
        if report.unknownFieldEvents > 0 {
            Message.write(
                "  events with fields that are not known here: \(report.unknownFieldEvents), kept in the view unknown_field")
        }
        if report.quarantined > 0 {
            let reasons = report.quarantineReasons.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            Message.write(
                "  set aside: \(report.quarantined) lines (\(reasons.joined(separator: ", "))), kept in the view quarantine")
        }
        if report.unknownStarts > 0 {
            Message.write(
                """
                  unknown start: \(report.unknownStarts) flows were only seen closing and their Connector's unit of duration is not \
                known; state it with --duration-unit
                """)
        }
        if report.newSnapshots > 0 {
            Message.write("  policy: \(report.newSnapshots) new snapshots, \(report.judgedAgain) verdicts changed")
        }
    }
}
