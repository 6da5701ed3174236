public import FlowModel
internal import FlowStore
internal import TextEncodings

/// What an ingest did.
public struct IngestReport: Sendable {
    public var filesRead = 0
    /// Files whose bytes are all in the database already.
    public var filesKnown = 0
    /// Of the files read, those of which the beginning was in the database: they were read on from there.
    public var filesContinued = 0
    public var bytesRead: Int64 = 0
    public var lines: Int64 = 0
    public var flowEvents: [FlowEvent.Kind: Int64] = [:]
    public var otherRecords: [String: Int64] = [:]
    /// What the sources themselves say that they lack, by `LogGap.Kind`.
    public var gaps: [String: Gap] = [:]
    public var newFlows: Int64 = 0
    /// Events that completed a flow which was known already.
    public var completions: Int64 = 0
    /// Events that said nothing new.
    public var duplicates: Int64 = 0
    /// Records without connection id that were recognised as flows which a Connector's own record tells of.
    public var recognised: Int64 = 0
    /// Of those, how many say something else than the Connector.
    public var conflicts: Int64 = 0
    public var noise: Int64 = 0
    public var quarantined: Int64 = 0
    /// Lines of files known already that were set aside when they were read.
    public var quarantinedBefore: Int64 = 0
    public var quarantineReasons: [String: Int64] = [:]
    public var unknownFieldEvents: Int64 = 0
    public var firstAt: Timestamp?
    public var lastAt: Timestamp?
    /// Flows whose start is unknown because the unit of their duration is.
    public var unknownStarts: Int64 = 0
    public var newSnapshots = 0
    public var judgedAgain: Int64 = 0
    /// It was told to stop; what was committed before stays.
    public var wasStopped = false
    /// Sentences for people, each about one file or journal.
    public var warnings: [String] = []
    /// Inputs that were refused, each with its reason.
    public var refusals: [InputProblem] = []

    public init() {}

    /// Nothing was read that says anything: no event of a connection and no other record.
    public var hasNoRecords: Bool { flowEvents.isEmpty && otherRecords.isEmpty }

    /// Adds what another part of the same ingest did.
    mutating func add(_ other: IngestReport) {
        filesRead += other.filesRead
        filesKnown += other.filesKnown
        filesContinued += other.filesContinued
        bytesRead += other.bytesRead
        lines += other.lines
        flowEvents.merge(other.flowEvents) { $0 + $1 }
        otherRecords.merge(other.otherRecords) { $0 + $1 }
        gaps.merge(other.gaps) { $0 + $1 }
        newFlows += other.newFlows
        completions += other.completions
        duplicates += other.duplicates
        recognised += other.recognised
        conflicts += other.conflicts
        noise += other.noise
        quarantined += other.quarantined
        quarantinedBefore += other.quarantinedBefore
        quarantineReasons.merge(other.quarantineReasons) { $0 + $1 }
        unknownFieldEvents += other.unknownFieldEvents
        if let at = other.firstAt { see(at) }
        if let at = other.lastAt { see(at) }
        unknownStarts += other.unknownStarts
        newSnapshots += other.newSnapshots
        judgedAgain += other.judgedAgain
        warnings += other.warnings
        refusals += other.refusals
    }

    /// Places of one kind where something is missing.
    public struct Gap: Sendable {
        public var places: Int64 = 0
        /// Messages, or bytes, that the sources count.
        public var counted: UInt64 = 0
        /// Places where they do not say how many.
        public var uncounted: Int64 = 0

        mutating func add(_ count: UInt64?) {
            places += 1
            guard let count else {
                uncounted += 1
                return
            }
            let (sum, overflow) = counted.addingReportingOverflow(count)
            counted = overflow ? .max : sum
        }

        static func + (left: Gap, right: Gap) -> Gap {
            let (sum, overflow) = left.counted.addingReportingOverflow(right.counted)
            return Gap(
                places: left.places + right.places, counted: overflow ? .max : sum, uncounted: left.uncounted + right.uncounted)
        }
    }

    mutating func see(_ timestamp: Timestamp) {
        firstAt = min(firstAt ?? timestamp, timestamp)
        lastAt = max(lastAt ?? timestamp, timestamp)
    }
}

extension IngestReport {
    /// The members of the row in the auditor's own log.
    func log(_ row: inout JSONWriter) {
        row.member("files", filesRead)
        row.member("files_known", filesKnown)
        row.member("new_flows", newFlows)
        row.member("completions", completions)
        row.member("duplicates", duplicates)
        row.member("recognised", recognised)
        row.member("conflicts", conflicts)
        row.member("noise", noise)
        row.member("quarantined", quarantined)
        row.member("new_snapshots", newSnapshots)
        row.member("judged_again", judgedAgain)
        row.member("refused", refusals.count)
    }
}
