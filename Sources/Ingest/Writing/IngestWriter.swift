internal import FlowJournal
internal import FlowModel
internal import FlowStore
internal import LogFormats

/// Puts decoded batches into the database.
///
/// A transaction holds facts, roll-ups and the positions of their sources together, over several batches and sources: whatever happens,
/// the database is as if everything up to some batch had been ingested and nothing behind it.
final class IngestWriter {
    /// A transaction ends after this even if little came: what was read is there to be asked.
    private static let transactionTime = Duration.seconds(5)
    /// Pages of the write-ahead log at which it is folded into the database.
    private static let checkpointPages = 8_000

    let database: StoreConnection
    let background: BackgroundWriter
    let dictionaries: IngestDictionaries
    private let occurrences: RowOccurrences
    private let assembly: FlowAssembly
    let rows: RowMaker
    private let records: RecordTables
    let sources: SourceTable
    let identityKey: IdentityKey
    let classifier: Classifier?
    /// The first flow that this writer adds.
    let firstOwnFlow: Int64

    private let transactionEvents: Int
    /// Lines taken in since the last commit, and when that began.
    private var events = 0
    private var began = ContinuousClock.now
    /// Rows that are not written yet: the sources by number, frames with the numbers of theirs.
    private var unwrittenSources: [Int64: SourceRow] = [:]
    private var unwrittenFrames: [(source: Int64, row: FrameRow)] = []
    /// Trees that the journals have with what was taken in, by directory.
    private var unwrittenHeads: [String: (head: TreeHead, origin: String?)] = [:]
    /// Off while it is not known whether what is taken in may stay.
    var mayCommit = true
    private let now: Timestamp
    /// What was done since the last commit; what a commit on its way takes along; what is committed.
    private(set) var sinceCommit = IngestReport()
    private var underWay = IngestReport()
    private var committed = IngestReport()
    /// Events that were known already, by source, since the last commit.
    private var duplicatesBySource: [Int64: Int64] = [:]
    /// Batches that were taken in.
    private(set) var batches = 0
    /// Called when what was taken in so far is on its way to be committed.
    var willCommit: (() -> Void)?

    /// `transactionEvents`, `batchFlows`, `countedInMemory`: as in `Ingest.Options`. `makeClassifier`: gives what says what the policy makes of a flow; nil
    /// leaves flows unjudged.
    init(
        _ database: StoreConnection, statedUnit: FlowEvent.DurationUnit, transactionEvents: Int, batchFlows: Int, countedInMemory: Int,
        now: Timestamp,
        makeClassifier: (FlowFactsReader, AssessmentDictionary) -> Classifier?
    ) throws {
        self.database = database
        self.transactionEvents = transactionEvents
        self.now = now
        background = try BackgroundWriter(database) { try IngestWriter.enterWriteAheadLog(database) }
        dictionaries = try IngestDictionaries(database, background)
        identityKey = try DerivedTables.identityKey(database)
        records = try RecordTables(database)
        sources = SourceTable(database, stated: statedUnit)
        classifier = makeClassifier(try FlowFactsReader(database, texts: dictionaries.texts), try AssessmentDictionary(database))
        let calibration = try DurationCalibration(database, stated: statedUnit)
        let precedence = try RecordPrecedence(database, dictionaries)
        occurrences = RowOccurrences(database, background: background, limit: countedInMemory)
        assembly = FlowAssembly(
            dictionaries, precedence: precedence, calibration: calibration, key: identityKey, occurrences: occurrences, limit: batchFlows)
        let table = try FlowTable(database, key: identityKey)
        firstOwnFlow = table.nextID
        rows = try RowMaker(
            database, dictionaries, assembly, table: table, calibration: calibration, watermark: try PruneWatermark(database),
            precedence: precedence, judge: classifier?.judge)
    }

    /// Takes in a batch of `source` and moves the source to `progress`.
    func write(
        _ batch: RecordBatch, _ numbers: [EventNumbers], map: inout SymbolMap, source: inout SourceRow, progress: SourceProgress
    ) throws {
        batches += 1
        if events == 0 { began = .now }
        try add(batch, numbers, &map, source: source.id)
        if batch.eventCount > batch.flows.count || !batch.quarantined.isEmpty {
            try background.reclaim()
            try records.write(batch, source: source.id, report: &sinceCommit)
        }
        source.advance(to: progress, over: batch)
        unwrittenSources[source.id] = source
        for frame in progress.frames { unwrittenFrames.append((source.id, frame)) }
        events += max(1, batch.lines)
        sinceCommit.noise += Int64(batch.noiseLines)
        sinceCommit.lines += Int64(batch.lines)
        sinceCommit.quarantined += Int64(batch.quarantined.count)
        for line in batch.quarantined { sinceCommit.quarantineReasons[line.reason.rawValue, default: 0] += 1 }
        let isLong = began.duration(to: .now) >= IngestWriter.transactionTime
        if mayCommit, events >= transactionEvents || isLong { try flush(commits: true) }
        try dictionaries.texts.trim()
    }

    /// Notes what was done beside the records themselves.
    func note(_ body: (inout IngestReport) -> Void) {
        body(&sinceCommit)
    }

    /// All that was done, as far as it was not undone.
    var report: IngestReport {
        var all = committed
        all.add(underWay)
        all.add(sinceCommit)
        return all
    }

    /// The sources, with what was taken in.
    func settledSources() throws -> SourceTable {
        try background.wait()
        guard !unwrittenSources.isEmpty || !unwrittenFrames.isEmpty || !unwrittenHeads.isEmpty else { return sources }
        try background.reclaim()
        try writeSources()
        return sources
    }

    /// The sources, to be changed in the transaction of what was taken in.
    func ownedSources() throws -> SourceTable {
        try background.reclaim()
        try writeSources()
        return sources
    }

    /// Records of `source` without connection id are counted from its beginning.
    func beginCounting(_ source: Int64) throws {
        try occurrences.begin(source)
    }

    private func writeSources() throws {
        for source in unwrittenSources.values.sorted(by: { $0.id < $1.id }) { try sources.update(source) }
        for (source, row) in unwrittenFrames { try records.writeFrame(row, source: source) }
        unwrittenSources.removeAll()
        unwrittenFrames.removeAll()
        try sources.writePlaces()
        for (directory, seen) in unwrittenHeads.sorted(by: { $0.key < $1.key }) {
            try JournalMemory(database: database).remember(seen.head, origin: seen.origin, directory: directory, at: now)
        }
        unwrittenHeads = [:]
    }

    /// What was seen of journals.
    func journals() throws -> JournalMemory {
        try background.wait()
        return JournalMemory(database: database)
    }

    /// The tree of a journal with what is written next is remembered in the same transaction.
    func rememberNext(_ head: TreeHead, origin: String?, directory: String) {
        unwrittenHeads[directory] = (head, origin)
    }

    /// The tree of a journal is remembered with the transaction, unless it is already.
    func remember(_ head: TreeHead, origin: String?, directory: String) throws {
        guard try !journals().knows(head, origin: origin, directory: directory) else { return }
        rememberNext(head, origin: origin, directory: directory)
    }

    private func add(_ batch: RecordBatch, _ numbers: [EventNumbers], _ map: inout SymbolMap, source: Int64) throws {
        var kinds = [Int64](repeating: 0, count: FlowEvent.Kind.allCases.count)
        var first = Timestamp.distantFuture
        var last = Timestamp.distantPast
        try batch.flows.withUnsafeBufferPointer { flows in
            guard let base = flows.baseAddress else { return }
            for index in 0..<flows.count {
                let event = base + index
                if index + 8 < flows.count { assembly.prepare(numbers[index + 8]) }
                switch try assembly.add(event, numbers[index], symbols: batch.symbols, map: &map, source: source) {
                case .newDraft, .completed: break
                case .duplicate: countDuplicates(1, source: source)
                }
                kinds[Int(event.pointee.kind.rawValue)] += 1
                first = min(first, event.pointee.timestamp)
                last = max(last, event.pointee.timestamp)
                if event.pointee.extras >= 0 {
                    try background.reclaim()
                    try records.writeExtra(batch.extras[Int(event.pointee.extras)], of: event.pointee, source: source)
                    sinceCommit.unknownFieldEvents += 1
                }
                if assembly.isFull { try flush(commits: false) }
            }
        }
        for kind in FlowEvent.Kind.allCases where kinds[Int(kind.rawValue)] > 0 {
            sinceCommit.flowEvents[kind, default: 0] += kinds[Int(kind.rawValue)]
        }
        if !batch.flows.isEmpty {
            sinceCommit.see(first)
            sinceCommit.see(last)
        }
    }

    private func countDuplicates(_ count: Int64, source: Int64) {
        duplicatesBySource[source, default: 0] += count
        sinceCommit.duplicates += count
    }

    /// Has what was taken in written in the background, while more is taken in.
    private func flush(commits: Bool) throws {
        try background.reclaim()
        settleCounts()
        try dictionaries.flush()
        try writeSources()
        let insertRows = assembly.count > 0 ? try rows.makeRows { count($0) } : nil
        if commits {
            for (source, count) in duplicatesBySource.sorted(by: { $0.key < $1.key }) {
                try sources.addDuplicates(count, source: source)
            }
            duplicatesBySource = [:]
            willCommit?()
            (underWay, sinceCommit) = (sinceCommit, IngestReport())
            events = 0
        }
        guard commits || rows.rollup.isFull else { return background.handOff(commits: false) { try insertRows?() } }
        if rows.rollup.isReduced {
            // What is read then for the roll-up needs this thread.
            try insertRows?()
            try rows.rollup.flush()
            if commits { try background.end() }
        } else {
            let rollup = rows.rollup
            background.handOff(commits: commits) {
                try insertRows?()
                try rollup.flush()
            }
        }
    }

    /// What a commit took along is committed when the connection is free again.
    private func settleCounts() {
        committed.add(underWay)
        underWay = IngestReport()
    }

    private func count(_ met: KnownFlows.Result) {
        for index in 0..<assembly.count where met.meeting(index).isNew {
            sinceCommit.newFlows += 1
            sinceCommit.completions += Int64(assembly.drafts[index].completions)
        }
        sinceCommit.completions += met.completions
        for (source, count) in met.duplicates { countDuplicates(count, source: source) }
    }

    // MARK: Transactions

    /// Commits what was taken in.
    func commit() throws {
        if events > 0 { try flush(commits: true) }
        try background.wait()
        settleCounts()
        // Rows of sources may have been written without any of their events.
        guard background.isInTransaction || !unwrittenSources.isEmpty || !unwrittenHeads.isEmpty || sources.hasPlaces else { return }
        try background.reclaim()
        try writeSources()
        willCommit?()
        try background.end()
        committed.add(sinceCommit)
        sinceCommit = IngestReport()
    }

    /// Has nothing under way when it returns: what was not committed is undone. Gives what was committed. Of no use for writing any more,
    /// since what memory believes of the database may be void.
    func abandon() throws -> IngestReport {
        defer { undo() }
        try background.wait()
        settleCounts()
        return committed
    }

    /// The same without asking what was committed.
    func undo() {
        background.undo()
    }

    /// The write-ahead log keeps readers going while a single writer works; without anything to write, not a byte of the file changes.
    private static func enterWriteAheadLog(_ database: StoreConnection) throws {
        try database.run(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
            PRAGMA wal_autocheckpoint = \(checkpointPages)
            """)
    }

    /// Makes one plain file again, which can be read from where nothing can be written.
    func leaveWriteAheadLog() throws {
        guard background.isPrepared else { return }
        try database.run("PRAGMA journal_mode = DELETE")
    }
}
