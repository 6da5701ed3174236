internal import FlowModel
internal import FlowStore

/// Makes rows of the drafts of a batch, and writes those that are known already over theirs.
///
/// Of what is new for sure, verdicts and aggregates are found without the connection, while the batch before is written (`begin`); who is
/// known already, and which number a flow has, needs it (`finish`). Numbers follow the order of drafts, whatever was found when: they depend on
/// nothing but what came in.
final class RowMaker {
    /// A batch on its way to rows.
    private struct Batch {
        /// The upper 48 bits of the drafts' hashes over their places, ascending.
        var order: [UInt64]
        /// The part of `order` that the database is asked about.
        var undecided: [UInt64]
        /// The number of the first row.
        var first: Int64
        /// Places of new flows whose start follows from the unit of durations.
        var pending: [Int] = []
    }

    let table: FlowTable
    let rollup: AggregateRollup
    let calibration: DurationCalibration
    private let dictionaries: IngestDictionaries
    private let identities: IdentityRuns
    private let known: KnownFlows
    private let clientFlows: ClientFlows
    private let sourceMatches: SourceMatchNotes
    private let finder: AggregateFinder
    private let drafts: FlowAssembly
    private var sort = RadixSort()

    init(
        _ database: StoreConnection, _ dictionaries: IngestDictionaries, _ drafts: FlowAssembly, table: FlowTable,
        calibration: DurationCalibration, watermark: PruneWatermark, precedence: RecordPrecedence,
        judge: ((FlowDraft) throws -> AggregateFinder.Answer)?
    ) throws {
        self.table = table
        self.calibration = calibration
        self.dictionaries = dictionaries
        self.drafts = drafts
        rollup = try AggregateRollup(database)
        identities = try IdentityRuns(database)
        clientFlows = try ClientFlows(database)
        sourceMatches = try SourceMatchNotes(database)
        finder = AggregateFinder(aggregates: dictionaries.aggregates, rollup: rollup, judge: judge)
        known = KnownFlows(
            identities: identities, reused: try ReusedIdentities(database), table: table, watermark: watermark,
            remarks: dictionaries.remarks, precedence: precedence)
    }

    /// Finds, without the connection, the aggregates of drafts that are new for sure. What is returned makes rows of all with it; that returns
    /// what writes the new ones.
    func begin(_ report: @escaping (_ met: KnownFlows.Result) -> Void) throws -> () throws -> (() throws -> Void) {
        let drafts = UnsafeMutableBufferPointer(start: drafts.drafts, count: drafts.count)
        var order: [UInt64] = []
        order.reserveCapacity(drafts.count)
        for index in drafts.indices { order.append(drafts[index].hash & ~0xffff | UInt64(index)) }
        sort.sort(&order)
        let batch = Batch(order: order, undecided: known.undecided(order), first: table.nextID)
        var isUndecided = [Bool](repeating: false, count: drafts.count)
        for word in batch.undecided { isUndecided[Int(word & 0xffff)] = true }
        guard let base = drafts.baseAddress else { return { {} } }
        for index in drafts.indices {
            prepare(index, drafts)
            if !isUndecided[index] { _ = try finder.aggregate(of: base + index, counts: false) }
        }
        return { [self] in try finish(batch, drafts, report) }
    }

    /// Memory is slow: it is asked some drafts ahead.
    @inline(__always)
    private func prepare(_ index: Int, _ drafts: UnsafeMutableBufferPointer<FlowDraft>) {
        guard let base = drafts.baseAddress else { return }
        if index + 16 < drafts.count { finder.prepareFirst(base + index + 16) }
        if index + 8 < drafts.count { finder.prepareThen(base + index + 8) }
    }

    /// Puts a new flow into the rows.
    @inline(__always)
    private func append(_ draft: UnsafePointer<FlowDraft>, _ index: Int, _ batch: inout Batch) throws {
        table.append(draft, aggregate: try finder.aggregate(of: draft, counts: true))
        sourceMatches.see(draft)
        if draft.pointee.state.contains(.unitUnstated) { batch.pending.append(index) }
    }

    private func finish(
        _ made: Batch, _ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ report: (_ met: KnownFlows.Result) -> Void
    ) throws -> () throws -> Void {
        defer { self.drafts.removeAll() }
        var batch = made
        let met = try known.meet(drafts, batch.undecided)
        report(met)
        for index in drafts.indices where drafts[index].flowID == 0 && met.meeting(index) != .absorbed {
            drafts[index].flowID = table.takeID()
        }
        try remove(met.removed)
        if let base = drafts.baseAddress {
            for index in drafts.indices where !drafts[index].isClean {
                prepare(index, drafts)
                if met.meeting(index) == .known, let change = met.changes[index] {
                    try overwrite(base + index, change)
                } else {
                    try append(base + index, index, &batch)
                }
            }
        }
        for index in batch.pending {
            try table.notePending(drafts[index])
            calibration.see(drafts[index])
        }
        try write(changed: met.changed)
        try known.enter(met, drafts)
        try sourceMatches.endRun(first: batch.first)
        try calibration.flush()
        return writes(batch, drafts, met)
    }

    /// What writes the new rows, with what leads to them.
    private func writes(
        _ batch: Batch, _ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ met: KnownFlows.Result
    ) -> () throws -> Void {
        var run = ClientFlows.Run(first: batch.first, capacity: drafts.count)
        if let base = drafts.baseAddress {
            for index in drafts.indices where met.meeting(index).isNew { run.append(base + index) }
        }
        var entries: [(key: UInt64, flow: UInt32)] = []
        entries.reserveCapacity(drafts.count)
        for word in batch.order {
            let index = Int(word & 0xffff)
            if met.meeting(index) == .new {
                entries.append((IdentityRuns.key(word), UInt32(truncatingIfNeeded: drafts[index].flowID - batch.first)))
            }
        }
        known.willWrite(entries.map(\.key))
        let (flows, keys) = (run, entries)
        let (table, clientFlows, identities) = (table, clientFlows, identities)
        return {
            try table.insert()
            try clientFlows.add(flows)
            try identities.add(base: batch.first, keys)
        }
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

    /// Writes a flow over its row.
    private func overwrite(_ draft: UnsafePointer<FlowDraft>, _ change: KnownFlows.Change) throws {
        let old = change.old
        let aggregate = try finder.aggregate(of: draft, counts: false)
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
}
