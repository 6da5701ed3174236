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
    private let texts: TextDictionary
    private let clients: TupleDictionary<ClientKey>
    private let destinations: TupleDictionary<DestinationKey>
    private let routes: TupleDictionary<RouteKey>
    private let remarks: RemarkDictionary
    let aggregates: TupleDictionary<AggregateKey>
    private let assessments: AssessmentDictionary
    let table: FlowTable
    private let identities: IdentityRuns
    private let known: KnownFlows
    private let occurrences: RowOccurrences
    private let clientFlows: ClientFlows
    private let sourceMatches: SourceMatchNotes
    let rollup: AggregateRollup
    let calibration: DurationCalibration
    private let assembly: FlowAssembly
    private let finder: AggregateFinder
    private let records: RecordTables
    let sources: SourceTable
    let identityKey: IdentityKey
    let classifier: Classifier?
    /// The first flow that this writer adds.
    let firstOwnFlow: Int64
    private let watermark: PruneWatermark

    private let transactionEvents: Int
    /// Lines taken in since the last commit, and when that began.
    private var events = 0
    private var began = ContinuousClock.now
    private var sort = RadixSort()
    /// The upper 48 bits of the drafts' hashes over their places, ascending.
    private var order: [UInt64] = []
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
        texts = try TextDictionary(database, background: background)
        clients = try TupleDictionary(database, background: background)
        destinations = try TupleDictionary(database, background: background)
        routes = try TupleDictionary(database, background: background)
        remarks = try RemarkDictionary(database, background: background)
        aggregates = try TupleDictionary(database, background: background, limit: 1 << 19)
        assessments = try AssessmentDictionary(database)
        identityKey = try DerivedTables.identityKey(database)
        table = try FlowTable(database, key: identityKey)
        firstOwnFlow = table.nextID
        watermark = try PruneWatermark(database)
        identities = try IdentityRuns(database)
        clientFlows = try ClientFlows(database)
        sourceMatches = try SourceMatchNotes(database)
        rollup = try AggregateRollup(database)
        calibration = try DurationCalibration(database, stated: statedUnit)
        records = try RecordTables(database)
        sources = SourceTable(database, stated: statedUnit)
        classifier = makeClassifier(try FlowFactsReader(database, texts: texts), assessments)
        finder = AggregateFinder(aggregates: aggregates, rollup: rollup, judge: classifier?.judge)
        let (background, texts, clients, destinations, routes) = (background, texts, clients, destinations, routes)
        let precedence = try RecordPrecedence(database, texts: texts, background: background) {
            try texts.flush()
            try clients.flush()
            try destinations.flush()
            try routes.flush()
        }
        known = KnownFlows(
            identities: identities, reused: try ReusedIdentities(database), table: table, watermark: watermark, remarks: remarks,
            precedence: precedence)
        occurrences = RowOccurrences(database, background: background, limit: countedInMemory)
        assembly = FlowAssembly(
            texts: texts, clients: clients, destinations: destinations, routes: routes, remarks: remarks, precedence: precedence,
            calibration: calibration,
            key: identityKey, occurrences: occurrences, limit: batchFlows)
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
        try texts.trim()
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
        try flushDictionaries()
        try writeSources()
        let insertion = assembly.count > 0 ? try makeRows() : nil
        if commits {
            for (source, count) in duplicatesBySource.sorted(by: { $0.key < $1.key }) {
                try sources.addDuplicates(count, source: source)
            }
            duplicatesBySource = [:]
            willCommit?()
            (underWay, sinceCommit) = (sinceCommit, IngestReport())
            events = 0
        }
        guard commits || rollup.isFull else { return background.handOff(commits: false) { try insertion?() } }
        let rollup = rollup
        if rollup.isReduced {
            // What is read then for the roll-up needs this thread.
            try insertion?()
            try rollup.flush()
            if commits { try background.end() }
        } else {
            background.handOff(commits: commits) {
                try insertion?()
                try rollup.flush()
            }
        }
    }

    /// What a commit took along is committed when the connection is free again.
    private func settleCounts() {
        committed.add(underWay)
        underWay = IngestReport()
    }

    private func flushDictionaries() throws {
        try texts.flush()
        try clients.flush()
        try destinations.flush()
        try routes.flush()
        try remarks.flush()
    }

    /// Makes rows of the drafts: those of connections that the database knows are written over their rows, the others are written by
    /// what is returned.
    private func makeRows() throws -> () throws -> Void {
        defer { assembly.removeAll() }
        let drafts = UnsafeMutableBufferPointer(start: assembly.drafts, count: assembly.count)
        order.removeAll(keepingCapacity: true)
        for index in drafts.indices { order.append(drafts[index].hash & ~0xffff | UInt64(index)) }
        sort.sort(&order)
        let met = try known.meet(drafts, order)
        count(drafts, met)

        let first = table.nextID
        for index in drafts.indices where drafts[index].flowID == 0 && met.meeting(index) != .absorbed {
            drafts[index].flowID = table.takeID()
        }
        try remove(met.removed)
        try write(drafts, met)
        try write(changed: met.changed)
        try known.enter(met, drafts)
        try sourceMatches.endRun(first: first)
        try calibration.flush()
        var run = ClientFlows.Run(first: first, capacity: drafts.count)
        var entries: [(key: UInt64, flow: UInt32)] = []
        entries.reserveCapacity(drafts.count)
        if let base = drafts.baseAddress {
            for index in drafts.indices where met.meeting(index).isNew { run.append(base + index) }
        }
        for word in order {
            let index = Int(word & 0xffff)
            if met.meeting(index) == .new {
                entries.append((IdentityRuns.key(word), UInt32(truncatingIfNeeded: drafts[index].flowID - first)))
            }
        }
        let (aggregates, table, clientFlows, identities) = (aggregates, table, clientFlows, identities)
        let (flows, keys) = (run, entries)
        return {
            try aggregates.flush()
            try table.insert()
            try clientFlows.add(flows)
            try identities.add(base: first, keys)
        }
    }

    private func count(_ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ met: KnownFlows.Result) {
        for index in drafts.indices where met.meeting(index).isNew {
            sinceCommit.newFlows += 1
            sinceCommit.completions += Int64(drafts[index].completions)
        }
        sinceCommit.completions += met.completions
        for (source, count) in met.duplicates { countDuplicates(count, source: source) }
    }

    /// Takes out rows whose records are other flows' now.
    private func remove(_ rows: [KnownFlows.Change]) throws {
        for row in rows {
            try table.remove(flowID: row.old.flowID)
            calibration.forget(row.old)
            if !row.old.state.contains(.matched) { rollup.remove(row.old.contribution(aggregate: row.aggregate), flowID: row.old.flowID) }
            try sourceMatches.see(change: row.old, to: row.old)
        }
    }

    /// Writes over rows that no draft stands for.
    func write(changed rows: [(flow: FlowDraft, change: KnownFlows.Change)]) throws {
        for var row in rows where !row.flow.isClean {
            try withUnsafePointer(to: &row.flow) { try overwrite($0, row.change) }
        }
    }

    /// Puts new rows into the table's batch, and writes those that are known.
    private func write(_ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ met: KnownFlows.Result) throws {
        guard let base = drafts.baseAddress else { return }
        for index in drafts.indices where !drafts[index].isClean {
            let draft = UnsafePointer(base + index)
            if index + 16 < drafts.count { finder.prepareFirst(draft + 16) }
            if index + 8 < drafts.count { finder.prepareThen(draft + 8) }
            if met.meeting(index) == .known, let change = met.changes[index] {
                try overwrite(draft, change)
                continue
            }
            table.append(draft, aggregate: try finder.aggregate(of: draft, counts: true))
            sourceMatches.see(draft)
            if draft.pointee.state.contains(.unitUnstated) {
                try table.notePending(draft.pointee)
                calibration.see(draft.pointee)
            }
        }
    }

    /// Writes a flow over its row.
    private func overwrite(_ draft: UnsafePointer<FlowDraft>, _ change: KnownFlows.Change) throws {
        let old = change.old
        let aggregate = try finder.aggregate(of: draft, counts: false)
        try aggregates.flush()
        try table.overwrite(draft, aggregate: aggregate)
        if !old.state.contains(.matched) {
            rollup.replace(
                old.contribution(aggregate: change.aggregate), with: draft.pointee.contribution(aggregate: aggregate),
                flowID: draft.pointee.flowID)
        }
        try sourceMatches.see(change: old, to: draft.pointee)
        if old.startedAt != draft.pointee.startedAt || old.client != draft.pointee.client {
            try clientFlows.note(
                flowID: draft.pointee.flowID, client: old.client == draft.pointee.client ? nil : draft.pointee.client,
                startedAt: draft.pointee.startedAt)
        }
        if draft.pointee.state.contains(.unitUnstated) {
            try table.notePending(draft.pointee, old: old)
            calibration.forget(old)
            calibration.see(draft.pointee)
        }
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
