internal import FlowModel
internal import GRDB
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

    private let database: Database
    private let lane: WritingLane
    private let texts: TextDictionary
    private let origins: TupleDictionary<OriginKey>
    private let targets: TupleDictionary<TargetKey>
    private let routes: TupleDictionary<RouteKey>
    private let remarks: RemarkDictionary
    private let edges: TupleDictionary<EdgeKey>
    private let judgements: JudgementDictionary
    private let table: FlowTable
    private let identities: IdentityRuns
    private let originFlows: OriginFlows
    private let retellings: RetellingNotes
    private let rollup: EdgeRollup
    private let calibration: DurationCalibration
    private let assembly: FlowAssembly
    private let finder: EdgeFinder
    private let records: RecordTables
    private let sources: SourceTable
    /// Keys the hashes of identities.
    let identitySeed: UInt64
    private let classifier: Classifier?
    /// The first flow that this writer adds.
    private let firstOwnFlow: Int64
    private let horizon: Horizon

    private let transactionEvents: Int
    /// Lines taken in since the last commit, and when that began.
    private var events = 0
    private var began = ContinuousClock.now
    private var rollupIsFull = false
    private var sort = RadixSort()
    /// The upper 48 bits of the drafts' hashes over their places, ascending.
    private var order: [UInt64] = []
    /// Rows that are not written yet: the sources by number, frames with the numbers of theirs.
    private var unwrittenSources: [Int64: SourceRow] = [:]
    private var unwrittenFrames: [(source: Int64, row: FrameRow)] = []
    /// Counts since the last commit; those that a commit on its way takes along; those that are committed.
    private var counts = FlowCounts()
    private var countsUnderWay = FlowCounts()
    private var committed = FlowCounts()

    /// What became of events once they met the flows of the database.
    private struct FlowCounts {
        var newFlows: Int64 = 0
        var completions: Int64 = 0
        var duplicatesBySource: [Int64: Int64] = [:]

        mutating func addDuplicates(_ count: Int64, source: Int64) {
            duplicatesBySource[source, default: 0] += count
        }

        mutating func add(_ other: FlowCounts) {
            newFlows += other.newFlows
            completions += other.completions
            duplicatesBySource.merge(other.duplicatesBySource) { $0 + $1 }
        }
    }

    /// `transactionEvents`, `batchFlows`: as in `Ingest.Options`. `makeClassifier`: gives what says what the policy makes of a flow; nil
    /// leaves flows unjudged.
    init(
        _ database: Database, statedUnit: FlowEvent.DurationUnit, transactionEvents: Int, batchFlows: Int,
        makeClassifier: (FlowFactsReader, JudgementDictionary) -> Classifier?
    ) throws {
        self.database = database
        self.transactionEvents = transactionEvents
        lane = try WritingLane(database) { try IngestWriter.enterWriteAheadLog(database) }
        texts = try TextDictionary(database, lane: lane)
        origins = try TupleDictionary(database, lane: lane)
        targets = try TupleDictionary(database, lane: lane)
        routes = try TupleDictionary(database, lane: lane)
        remarks = try RemarkDictionary(database, lane: lane)
        edges = try TupleDictionary(database, lane: lane, limit: 1 << 17)
        judgements = try JudgementDictionary(database)
        table = try FlowTable(database)
        firstOwnFlow = table.nextID
        horizon = try Horizon(database)
        identities = try IdentityRuns(database)
        originFlows = try OriginFlows(database)
        retellings = try RetellingNotes(database)
        rollup = try EdgeRollup(database)
        calibration = try DurationCalibration(database, stated: statedUnit)
        records = try RecordTables(database)
        sources = try SourceTable(database)
        classifier = makeClassifier(try FlowFactsReader(database, texts: texts), judgements)
        finder = EdgeFinder(edges: edges, classifier: classifier, rollup: rollup)
        identitySeed = try IngestWriter.identitySeed(database)
        assembly = FlowAssembly(
            texts: texts, origins: origins, targets: targets, routes: routes, remarks: remarks, calibration: calibration,
            seed: identitySeed, limit: batchFlows)
    }

    /// Made at random with the database and never told: see `KeyedHash`.
    private static func identitySeed(_ database: Database) throws -> UInt64 {
        if let known = try KeyedHash.storedSeed(database) { return known }
        let made = UInt64.random(in: .min ... .max)
        try database.execute(sql: "INSERT INTO setting (name, value) VALUES ('identity-seed', ?)", arguments: [String(made)])
        return made
    }

    /// Takes in a batch of `source` and moves the source to `progress`.
    func write(
        _ batch: RecordBatch, _ numbers: [EventNumbers], map: inout SymbolMap, source: inout SourceRow, progress: SourceProgress,
        report: inout IngestReport
    ) throws {
        try undoingFailure {
            if events == 0 { began = .now }
            try add(batch, numbers, &map, source: source.id, &report)
            if batch.eventCount > batch.flows.count || !batch.quarantined.isEmpty {
                try lane.own()
                try records.write(batch, source: source.id, report: &report)
            }
            source.advance(to: progress, over: batch)
            unwrittenSources[source.id] = source
            for frame in progress.frames { unwrittenFrames.append((source.id, frame)) }
            events += max(1, batch.lines)
            report.noise += Int64(batch.noiseLines)
            report.lines += Int64(batch.lines)
            report.quarantined += Int64(batch.quarantined.count)
            for line in batch.quarantined { report.quarantineReasons[line.reason.rawValue, default: 0] += 1 }
            let isLong = began.duration(to: .now) >= IngestWriter.transactionTime
            if events >= transactionEvents || rollupIsFull || isLong { try flush(commits: true) }
            try texts.trim()
        }
    }

    /// The sources, with what was taken in.
    func settledSources() throws -> SourceTable {
        try undoingFailure {
            try lane.wait()
            guard !unwrittenSources.isEmpty || !unwrittenFrames.isEmpty else { return }
            try lane.own()
            try writeSources()
        }
        return sources
    }

    private func writeSources() throws {
        for source in unwrittenSources.values.sorted(by: { $0.id < $1.id }) { try sources.update(source) }
        for (source, row) in unwrittenFrames { try records.writeFrame(row, source: source) }
        unwrittenSources.removeAll()
        unwrittenFrames.removeAll()
    }

    private func add(
        _ batch: RecordBatch, _ numbers: [EventNumbers], _ map: inout SymbolMap, source: Int64, _ report: inout IngestReport
    ) throws {
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
                case .duplicate: counts.addDuplicates(1, source: source)
                }
                kinds[Int(event.pointee.kind.rawValue)] += 1
                first = min(first, event.pointee.timestamp)
                last = max(last, event.pointee.timestamp)
                if event.pointee.extras >= 0 {
                    try lane.own()
                    try records.writeExtra(batch.extras[Int(event.pointee.extras)], of: event.pointee, source: source)
                    report.unknownFieldEvents += 1
                }
                if assembly.isFull { try flush(commits: false) }
            }
        }
        for kind in FlowEvent.Kind.allCases where kinds[Int(kind.rawValue)] > 0 {
            report.flowEvents[kind, default: 0] += kinds[Int(kind.rawValue)]
        }
        if !batch.flows.isEmpty {
            report.see(first)
            report.see(last)
        }
    }

    /// Has what was taken in written on the lane, while more is taken in.
    private func flush(commits: Bool) throws {
        try lane.own()
        committed.add(countsUnderWay)
        countsUnderWay = FlowCounts()
        try flushDictionaries()
        try writeSources()
        let insertion = assembly.count > 0 ? try makeRows() : nil
        rollupIsFull = rollup.isFull
        guard commits else { return lane.lend(commits: false) { try insertion?() } }
        for (source, count) in counts.duplicatesBySource { try sources.addDuplicates(count, source: source) }
        (countsUnderWay, counts) = (counts, FlowCounts())
        (events, rollupIsFull) = (0, false)
        let rollup = rollup
        if rollup.isReduced {
            // What is read then for the roll-up needs this thread.
            try insertion?()
            try rollup.flush()
            try lane.end()
        } else {
            lane.lend(commits: true) {
                try insertion?()
                try rollup.flush()
            }
        }
    }

    private func flushDictionaries() throws {
        try texts.flush()
        try origins.flush()
        try targets.flush()
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
        let before = try meetKnown(drafts)

        let first = table.nextID
        for index in drafts.indices where drafts[index].flowID == 0 { drafts[index].flowID = table.takeID() }
        try write(drafts, before)
        try retellings.endRun(first: first)
        try calibration.flush()
        var run = OriginFlows.Run(first: first, capacity: drafts.count)
        var entries: [(key: UInt64, flow: UInt32)] = []
        entries.reserveCapacity(drafts.count)
        if let base = drafts.baseAddress {
            for index in drafts.indices where before.isEmpty || before[index] == nil { run.append(base + index) }
        }
        for word in order {
            let index = Int(word & 0xffff)
            if before.isEmpty || before[index] == nil {
                entries.append((IdentityRuns.key(word), UInt32(truncatingIfNeeded: drafts[index].flowID - first)))
            }
        }
        let (edges, table, originFlows, identities) = (edges, table, originFlows, identities)
        let (flows, keys) = (run, entries)
        return {
            try edges.flush()
            try table.insert()
            try originFlows.add(flows)
            try identities.add(base: first, keys)
        }
    }

    /// Merges drafts with the flows that the database has of the same connections. Gives what those flows were, by the draft's place.
    private func meetKnown(_ drafts: UnsafeMutableBufferPointer<FlowDraft>) throws -> [Int: (edge: Int64, old: FlowDraft)] {
        var before: [Int: (edge: Int64, old: FlowDraft)] = [:]
        if !identities.isEmpty {
            let keys = order.map { IdentityRuns.key($0) }
            // In the order of rows, so that neighbours are read together.
            let candidates = try identities.find(keys) { Int(order[$0] & 0xffff) }.sorted { $0.flowID < $1.flowID }
            for candidate in candidates where before[candidate.tag] == nil {
                let made = drafts[candidate.tag]
                guard let (found, edge) = try table.draft(flowID: candidate.flowID, hash: made.hash) else {
                    // A number without a row: the flow was pruned, and does not come back.
                    guard horizon.covers(startedAt: made.startedAt) else { continue }
                    drafts[candidate.tag].flowID = candidate.flowID
                    drafts[candidate.tag].isClean = true
                    before[candidate.tag] = (0, made)
                    counts.addDuplicates(1 + Int64(made.completions), source: made.first.source)
                    continue
                }
                guard found.isSame(as: made) else { continue }
                var merged = found
                let isNews = try merged.merge(made, remarks: remarks, calibration: calibration)
                drafts[candidate.tag] = merged
                before[candidate.tag] = (edge, found)
                if isNews {
                    counts.completions += 1 + Int64(made.completions)
                } else {
                    counts.addDuplicates(1 + Int64(made.completions), source: made.first.source)
                }
            }
        }
        counts.newFlows += Int64(drafts.count - before.count)
        for index in drafts.indices where drafts[index].flowID == 0 { counts.completions += Int64(drafts[index].completions) }
        return before
    }

    /// Puts new rows into the table's batch, and writes those that are known.
    private func write(
        _ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ before: [Int: (edge: Int64, old: FlowDraft)]
    ) throws {
        guard let base = drafts.baseAddress else { return }
        for index in drafts.indices where !drafts[index].isClean {
            let draft = UnsafePointer(base + index)
            if index + 16 < drafts.count { finder.prepareFirst(draft + 16) }
            if index + 8 < drafts.count { finder.prepareThen(draft + 8) }
            if let (oldEdge, old) = before.isEmpty ? nil : before[index] {
                let edge = try finder.edge(of: draft, counts: false)
                try edges.flush()
                try table.overwrite(draft, edge: edge)
                if !old.state.contains(.retold) {
                    rollup.replace(
                        old.contribution(edge: oldEdge), with: draft.pointee.contribution(edge: edge), flowID: draft.pointee.flowID)
                }
                try retellings.see(change: old, to: draft.pointee)
                if old.startedAt != draft.pointee.startedAt || old.origin != draft.pointee.origin {
                    try originFlows.note(
                        flowID: draft.pointee.flowID, origin: old.origin == draft.pointee.origin ? nil : draft.pointee.origin,
                        startedAt: draft.pointee.startedAt)
                }
            } else {
                table.append(draft, edge: try finder.edge(of: draft, counts: true))
                retellings.see(draft)
            }
            if draft.pointee.duration != FlowDraft.absent || draft.pointee.hadPendingDuration {
                try table.writePending(draft.pointee)
            }
        }
    }

    // MARK: Transactions

    /// Commits what was taken in.
    func finish(_ report: inout IngestReport) throws {
        try undoingFailure {
            if events > 0 { try flush(commits: true) }
            try lane.wait()
            // Rows of sources may have been written without any of their events.
            if lane.isInTransaction { try lane.end() }
        }
        committed.add(countsUnderWay)
        countsUnderWay = FlowCounts()
        report.newFlows = committed.newFlows
        report.completions = committed.completions
        report.duplicates = committed.duplicatesBySource.values.reduce(0, +)
    }

    /// Has nothing under way when it returns: what was not committed is undone.
    func abandon() {
        lane.undo()
    }

    private func undoingFailure(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            // What memory believes of the database is void with the transaction.
            lane.undo()
            assembly.removeAll()
            rollup.discard()
            (events, rollupIsFull) = (0, false)
            unwrittenSources.removeAll()
            unwrittenFrames.removeAll()
            (counts, countsUnderWay) = (FlowCounts(), FlowCounts())
            try? forget()
            throw error
        }
    }

    private func forget() throws {
        try texts.forget(database)
        try origins.forget(database)
        try targets.forget(database)
        try routes.forget(database)
        try remarks.forget(database)
        try edges.forget(database)
        try judgements.forget(database)
        try table.forget(database)
        try identities.reload(database)
        try calibration.forget(database)
        classifier?.forget()
        finder.forget()
        retellings.forget()
    }

    /// The write-ahead log keeps readers going while a single writer works; without anything to write, not a byte of the file changes.
    private static func enterWriteAheadLog(_ database: Database) throws {
        try database.execute(
            sql: """
                PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                PRAGMA wal_autocheckpoint = \(checkpointPages)
                """)
    }

    /// Makes one plain file again, which can be read from where nothing can be written.
    func leaveWriteAheadLog() throws {
        guard lane.isPrepared else { return }
        try database.execute(sql: "PRAGMA journal_mode = DELETE")
    }

    // MARK: Answers that came late

    /// Flows that waited for the unit of their Connector's durations and can have their start now. Returns how many still wait.
    func resolvePendingDurations() throws -> Int64 {
        let waiting = try Int64.fetchAll(database, sql: "SELECT DISTINCT connector_id FROM pending_duration ORDER BY 1")
        for connector in waiting where calibration.unit(of: connector) != .unstated {
            try undoingFailure {
                try lane.own()
                try resolvePendingDurations(of: connector)
                try rollup.flush()
                try lane.end()
            }
        }
        return try Int64.fetchOne(database, sql: "SELECT count(*) FROM pending_duration") ?? 0
    }

    private func resolvePendingDurations(of connector: Int64) throws {
        let page = 20_000
        let unit = calibration.unit(of: connector)
        while true {
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT flow_id, hash, duration FROM pending_duration WHERE connector_id = ? ORDER BY flow_id LIMIT \(page)",
                arguments: [connector])
            if rows.isEmpty { return }
            var drafts: [FlowDraft] = []
            var before: [Int: (edge: Int64, old: FlowDraft)] = [:]
            for row in rows {
                guard let (found, edge) = try table.draft(flowID: row[0], hash: UInt64(bitPattern: row[1])),
                    found.endedAt != FlowDraft.absent, let span = DurationCalibration.milliseconds(row[2], unit)
                else {
                    try database.execute(sql: "DELETE FROM pending_duration WHERE flow_id = ?", arguments: [row[0] as Int64])
                    continue
                }
                var draft = found
                draft.startedAt = draft.endedAt.subtractingReportingOverflow(span).partialValue
                draft.state.remove(.startUnknown)
                draft.state.insert(.startInferred)
                draft.isClean = false
                before[drafts.count] = (edge, found)
                drafts.append(draft)
            }
            try drafts.withUnsafeMutableBufferPointer { try write($0, before) }
        }
    }

    /// Judges again the flows that were there before, under snapshots that came with this ingest, or every flow where answers depend on
    /// others; builds the roll-up again. Returns the number of flows whose judgement changed.
    func judgeAgain() throws -> Int64 {
        guard let classifier, classifier.needsTimeOrder || firstOwnFlow > 1 else { return 0 }
        let order = classifier.needsTimeOrder ? FlowScan.Order.time : .row(before: firstOwnFlow)
        var changed: Int64 = 0
        try undoingFailure {
            try lane.own()
            let scan = try FlowScan(database)
            let update = try RawStatement(database, "UPDATE flow_fact SET edge_id = ? WHERE flow_id = ?")
            try scan.forEach(order: order, withRetold: true) { flow in
                let judgement = try classifier.judge(flow)
                guard judgement != flow.judgement else { return }
                update.bind(
                    1,
                    try edges.id(
                        EdgeKey(origin: flow.origin, target: flow.target, outcome: flow.outcomeCode, judgement: judgement)))
                try edges.flush()
                update.bind(2, flow.flowID)
                try update.run()
                changed += 1
            }
            if changed > 0 { try EdgeRollup.rebuild(database) }
            try lane.end()
        }
        return changed
    }

    /// Answers depend on the order of flows, so they can be given only when all are there.
    var needsOrderedJudgement: Bool { classifier?.needsTimeOrder ?? false }
}
