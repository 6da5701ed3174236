public import FlowModel
import TextEncodings

/// Appends records to a journal.
///
/// A record that `append` has taken is acknowledged when `durableSequence` has reached its sequence. A record that cannot be taken
/// because the journal cannot be written is counted, and the count is journaled as soon as that is possible. One writer at a time has a
/// journal; a writer is not safe for use from several threads at once. Whoever owns it calls `tick()` at least every `frameAgeMs`.
///
/// ```swift
/// var options = JournalOptions()
/// options.key = NoteSigner.generate(name: "acme.example/office")
/// let writer = try JournalWriter(directory: path, options: options, identity: JournalIdentity(software: "example 1.0"), clock: clock)
/// let sequence = try writer.append(Array(event.utf8))
/// try writer.flush()
/// let isAcknowledged = writer.durableSequence >= sequence
/// try writer.close()
/// ```
public final class JournalWriter {
    /// Room in a frame for records of the journal's own, the longest of which holds a path.
    private static let ownRoom = 64 << 10
    public static let maxRecordLength = FrameHeader.maxInflatedLength - ownRoom

    public let directory: JournalDirectory
    /// The origin line of the checkpoints.
    public let origin: String
    public let options: JournalOptions
    let clock: () -> Timestamp
    private let lock: OpenFile
    let pipeline: FramePipeline
    private let frameLimit: Int

    /// The id of the key that the journal was written with before, when this writer has another one and was not given the previous one: whoever
    /// verifies must state that the new key speaks for the journal.
    public private(set) var replacedKeyID: String?

    /// Records taken since the writer was opened, its own ones included.
    public internal(set) var recordCount: UInt64 = 0
    /// Records that could not be taken since the writer was opened.
    public internal(set) var lostCount: UInt64 = 0
    /// Bytes of torn tails that were moved aside at opening.
    public private(set) var recoveredBytes: UInt64 = 0

    /// Lines of the frame that is being filled.
    var payload: [UInt8] = []
    var content = FrameEncoder.Content()
    var oldest: Timestamp?
    var nextSequence: UInt64
    var lost: Lost?
    var unrecordedPosition: SourcePosition?
    var positionRecordedAt: Timestamp
    /// Further totals for the record `journal_closed`, such as lines that were noise.
    public var closingTotals: [(name: StaticString, count: UInt64)] = []
    var isClosed = false

    /// The last frame does not begin a new segment: the seal of the old one could not be journaled any more.
    var hasClosedRecord = false

    /// Records that were lost since the last `records_lost`.
    struct Lost {
        var count: UInt64
        var since: Timestamp
        var until: Timestamp
        var reason: String
    }

    /// Opens the journal in `directory`, which is made when it does not exist.
    ///
    /// - Parameter clock: gives the time of day for the journal's own records and for ages of frames, segments and checkpoints.
    public init(
        directory path: String, options: JournalOptions = JournalOptions(), identity: JournalIdentity,
        clock: @escaping () -> Timestamp
    ) throws(JournalProblem) {
        let directory = JournalDirectory(path)
        self.directory = directory
        self.options = options
        self.clock = clock
        let opening: JournalOpening
        do {
            try FileSystem.makeDirectory(directory.path)
            lock = try OpenFile(directory.lockPath, .lock)
            guard try lock.lockExclusively() else { throw JournalProblem.locked(directory: directory.path) }
            opening = try JournalOpening(
                directory, keys: Array([options.key, options.previousKey].compactMap { $0?.verifier }), cutsDamage: options.cutsDamage)
        } catch let problem as JournalProblem {
            throw problem
        } catch let problem as SystemProblem {
            throw .system(problem)
        } catch {
            throw .mismatch("\(error)")
        }
        if let wanted = identity.origin, let present = opening.origin, wanted != present {
            throw .mismatch("the journal's origin is `\(present)`, not `\(wanted)`")
        }
        let id = identity.run ?? JournalWriter.randomID()
        origin = opening.origin ?? identity.origin ?? options.key?.verifier.name ?? "twin-journal/\(id)"
        guard NoteKey.isName(origin) else { throw .mismatch("the origin `\(origin)` is empty or has spaces or `+` in it") }
        if let previous = options.previousKey {
            guard let key = options.key else { throw .mismatch("a previous key is given, and none that follows it") }
            guard opening.lastKeyID == previous.verifier.keyIDText, key.verifier != previous.verifier else {
                throw .mismatch(
                    "the previous key is \(previous.verifier.keyIDText), and the journal was last written "
                        + (opening.lastKeyID.map { "with the key \($0)" } ?? "without a key"))
            }
        } else if let key = options.key, let last = opening.lastKeyID, last != key.verifier.keyIDText {
            replacedKeyID = last
        }
        nextSequence = opening.state.nextSequence
        frameLimit = min(options.frameBytes, JournalWriter.maxRecordLength)
        let store = FrameStore(
            directory: directory, options: options, origin: origin, state: opening.state, sealed: opening.sealed,
            checkpointsSize: opening.checkpointsSize, segmentStart: opening.segmentStart, now: clock())
        pipeline = FramePipeline(store, options: options)
        positionRecordedAt = clock()
        payload.reserveCapacity(options.frameBytes + 4_096)
        recoveredBytes = opening.recovered.reduce(0) { $0 + $1.bytes }
        do {
            try fillReserve()
            let opened = opened(identity, id: id, previous: opening.sealed)
            guard opened.count <= JournalWriter.ownRoom / 2 else {
                throw JournalProblem.mismatch("the names of Connector, network, host and software are too long for a record")
            }
            for recovered in opening.recovered { add(own: JournalWriter.recovered(recovered, clock())) }
            add(own: opened)
            try flush()
            if options.previousKey != nil { try pipeline.seal(now: clock()) }
        } catch let problem as SystemProblem {
            throw .system(problem)
        } catch let problem as JournalProblem {
            throw problem
        } catch {
            throw .mismatch("\(error)")
        }
    }

    deinit {
        // The lock goes with this object; no frame may be written after it.
        pipeline.drain(syncing: false)
    }

    /// Where `close()`, on a full disk, gave up records that it had taken: they had this sequence and those after it, which others have now.
    /// Nil as long as every record that was taken has its sequence. Whoever waits for a record to be acknowledged must look at this first.
    public internal(set) var abandonedFrom: UInt64?

    /// The last sequence that is acknowledged; 0 when none is.
    public var durableSequence: UInt64 { pipeline.current.durableSequence }

    /// What stood in the way when writing last failed; nil when writing works.
    public var trouble: SystemProblem? { pipeline.current.trouble }

    /// Takes a record: one JSON object on one line, without line feed and without the member `seq`. Gives its sequence.
    ///
    /// Throws `.refused` for a record that cannot be in a journal, and `.system` when it cannot be taken because earlier ones cannot be
    /// written. It is then lost, and counted, unless the caller keeps it to try again (`countsLoss` false).
    @discardableResult
    public func append(_ record: UnsafeRawBufferPointer, countsLoss: Bool = true) throws(JournalProblem) -> UInt64 {
        guard !isClosed else { throw .closed }
        let facts = try JournalWriter.facts(of: record)
        return try take(record, facts, countsLoss: countsLoss)
    }

    private func take(
        _ record: UnsafeRawBufferPointer, _ facts: RecordScanner.Record, countsLoss: Bool
    ) throws(JournalProblem) -> UInt64 {
        do throws(SystemProblem) {
            if !payload.isEmpty, payload.count + record.count + 32 > frameLimit {
                // A full frame is cut before the next record, so that the position of its last one can still go into it.
                try cut()
            } else {
                try checkTrouble()
            }
        } catch {
            if countsLoss {
                lostCount += 1
                noteLoss(error)
            }
            throw problem(error)
        }
        addLossRecord()
        addSealRecord()
        return add(record, facts)
    }

    @discardableResult
    public func append(_ record: [UInt8]) throws(JournalProblem) -> UInt64 {
        try record.withBytes { bytes throws(JournalProblem) in try append(bytes) }
    }

    /// Longest text of a line that `appendUnreadable` keeps.
    public static let maxUnreadableLength = 8 << 10

    /// Journals a line that should have been an event and is none, so that it is not lost to an auditor: its text, ill-formed UTF-8
    /// repaired and cut at `maxUnreadableLength` bytes, and why it was refused.
    @discardableResult
    public func appendUnreadable(
        _ line: UnsafeRawBufferPointer, reason: String, countsLoss: Bool = true
    ) throws(JournalProblem) -> UInt64 {
        guard !isClosed else { throw .closed }
        let record = JSONWriter.object(.record, capacity: 256 + line.count) { json in
            json.member("event_type", "unreadable_line")
            json.member("timestamp", clock().milliseconds)
            json.member("reason", reason)
            json.member("bytes", line.count)
            json.member("text", String(decoding: line.prefix(JournalWriter.maxUnreadableLength), as: UTF8.self))
        }
        return try record.withBytes { bytes throws(JournalProblem) in
            var facts = RecordScanner.Record()
            facts.timestamp = clock()
            return try take(bytes, facts, countsLoss: countsLoss)
        }
    }

    /// How far the source has been read that the records come from. It is journaled in the same frame as the records that were appended
    /// before this call, so that a writer that goes on after an interruption neither repeats nor skips one. A position that was noted before and
    /// is not journaled yet is replaced, all but its gap.
    public func note(position: SourcePosition) {
        let gaps = [unrecordedPosition?.gap, position.gap].compactMap { $0 }
        unrecordedPosition = position
        if !gaps.isEmpty { unrecordedPosition?.gap = gaps.joined(separator: "; ") }
    }

    /// Writes what is old enough, and a checkpoint when one is due.
    public func tick() throws(JournalProblem) {
        guard !isClosed else { throw .closed }
        do throws(SystemProblem) {
            try checkTrouble()
            let now = clock()
            if let oldest,
                now < oldest || now.milliseconds - oldest.milliseconds >= options.frameAgeMs || payload.count >= frameLimit
            {
                try cut()
            }
            if payload.isEmpty, unrecordedPosition != nil, now < positionRecordedAt || isPositionDue(now) { try cut() }
            pipeline.sealIfDue(now: now)
            if let problem = pipeline.current.sealTrouble { throw problem }
        } catch {
            throw problem(error)
        }
    }

    /// A source that gives nothing but noise is journaled now and then, so that it is not read from far back after a restart.
    private func isPositionDue(_ now: Timestamp) -> Bool {
        now.milliseconds - positionRecordedAt.milliseconds >= options.checkpointIntervalMs
    }

    /// Milliseconds until `tick()` has something to do, or until it is worth looking at `durableSequence`; nil when nothing is to come.
    public var millisecondsUntilDue: Int64? {
        let status = pipeline.current
        if status.trouble != nil { return options.frameAgeMs }
        if payload.count >= frameLimit { return 0 }
        if status.inFlight > 0 || status.durableSequence + 1 < content.firstSequence { return JournalWriter.syncMs }
        guard let oldest else { return status.hasUnsealed ? options.checkpointIntervalMs : nil }
        return max(0, options.frameAgeMs - max(0, clock().milliseconds - oldest.milliseconds))
    }

    /// What a sync takes on an ordinary disk.
    private static let syncMs: Int64 = 5

    /// Writes all that was taken and makes it durable.
    public func flush() throws(JournalProblem) {
        guard !isClosed else { throw .closed }
        do throws(SystemProblem) {
            try checkTrouble()
            addLossRecord()
            try cut()
            try drain()
        } catch {
            throw problem(error)
        }
    }

}
