internal import FlowModel
internal import FlowStore

/// Makes rows of the drafts of a batch, and writes those that are known already over theirs. Numbers of flows follow the order of drafts: they
/// depend on nothing but what came in.
final class RowMaker {
    let table: FlowTable
    let rollup: AggregateRollup
    let calibration: DurationCalibration
    private let aggregates: TupleDictionary<AggregateKey>
    private let identities: IdentityRuns
    private let known: KnownFlows
    private let clientFlows: ClientFlows
    private let sourceMatches: SourceMatchNotes
    private let finder: AggregateFinder
    private let drafts: FlowAssembly
    private var sort = RadixSort()
    /// The upper 48 bits of the drafts' hashes over their places, ascending.
    private var order: [UInt64] = []

    init(
        _ database: StoreConnection, _ dictionaries: IngestDictionaries, _ drafts: FlowAssembly, table: FlowTable,
        calibration: DurationCalibration, watermark: PruneWatermark, precedence: RecordPrecedence,
        judge: ((FlowDraft) throws -> AggregateFinder.Answer)?
    ) throws {
        self.table = table
        self.calibration = calibration
        self.drafts = drafts
        aggregates = dictionaries.aggregates
        rollup = try AggregateRollup(database)
        identities = try IdentityRuns(database)
        clientFlows = try ClientFlows(database)
        sourceMatches = try SourceMatchNotes(database)
        finder = AggregateFinder(aggregates: aggregates, rollup: rollup, judge: judge)
        known = KnownFlows(
            identities: identities, reused: try ReusedIdentities(database), table: table, watermark: watermark,
            remarks: dictionaries.remarks, precedence: precedence)
    }

    /// Makes rows of the drafts, with the connection; what is returned writes the new ones. `report` is told what became of each.
    func makeRows(_ report: (_ met: KnownFlows.Result) -> Void) throws -> () throws -> Void {
        let drafts = UnsafeMutableBufferPointer(start: drafts.drafts, count: drafts.count)
        defer { self.drafts.removeAll() }
        order.removeAll(keepingCapacity: true)
        for index in drafts.indices { order.append(drafts[index].hash & ~0xffff | UInt64(index)) }
        sort.sort(&order)
        let met = try known.meet(drafts, order)
        report(met)
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
        return writes(first, drafts, met)
    }

    /// Puts new rows into the table's batch, and writes those that are known.
    private func write(_ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ met: KnownFlows.Result) throws {
        guard let base = drafts.baseAddress else { return }
        for index in drafts.indices where !drafts[index].isClean {
            let draft = UnsafePointer(base + index)
            // Memory is slow: it is asked some drafts ahead.
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

    /// What writes the new rows, with what leads to them.
    private func writes(
        _ first: Int64, _ drafts: UnsafeMutableBufferPointer<FlowDraft>, _ met: KnownFlows.Result
    ) -> () throws -> Void {
        var run = ClientFlows.Run(first: first, capacity: drafts.count)
        if let base = drafts.baseAddress {
            for index in drafts.indices where met.meeting(index).isNew { run.append(base + index) }
        }
        var entries: [(key: UInt64, flow: UInt32)] = []
        entries.reserveCapacity(drafts.count)
        for word in order {
            let index = Int(word & 0xffff)
            if met.meeting(index) == .new {
                entries.append((IdentityRuns.key(word), UInt32(truncatingIfNeeded: drafts[index].flowID - first)))
            }
        }
        let (flows, keys) = (run, entries)
        let (aggregates, table, clientFlows, identities) = (aggregates, table, clientFlows, identities)
        return {
            try aggregates.flush()
            try table.insert()
            try clientFlows.add(flows)
            try identities.add(base: first, keys)
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
}
