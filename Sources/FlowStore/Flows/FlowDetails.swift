internal import GRDB

/// Counts flows by all that they have in common: the rows of the view `access_detail`, in one pass over the flows.
///
/// Memory is bounded: what was counted is written whenever there is much of it, so that one combination may be told in several rows.
struct FlowDetails {
    private struct Sum {
        var flows: Int64 = 0
        var open: Int64 = 0
        var orphans: Int64 = 0
        var inferredStarts: Int64 = 0
        var unknownStarts: Int64 = 0
        var firstAt = Int64.max
        var lastAt = Int64.min
        var firstFlow = Int64.max
        var lastFlow = Int64.min
    }

    /// Combinations that are held: 32 MB.
    private static let limit = 1 << 17
    /// Hour, aggregate, address that was connected to, route, remark.
    private static let width = 5

    private let connection: Database
    private let insert: RawStatement

    init(_ connection: Database, into table: String) throws {
        self.connection = connection
        insert = try RawStatement(connection, "INSERT INTO \(table) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    }

    /// Of flows that start from `since` on and before `until`, in ms.
    func gather(since: Int64, until: Int64) throws {
        let table = KeyTable<Sum>(width: FlowDetails.width, capacity: FlowDetails.limit)
        let select = try RawStatement(
            connection,
            """
            SELECT flow_id, started_at, duration_ms, state, aggregate_id, resource_ip, route_id, remark_id FROM flow_fact
            WHERE started_at >= ? AND started_at < ?
            """)
        select.bind(1, since)
        select.bind(2, until)
        defer { select.reset() }
        while try select.step() {
            let state = FlowState(rawValue: select.integer(3))
            if state.contains(.matched) { continue }
            let startedAt = select.integer(1)
            var key = (
                AggregateRollup.hour(of: startedAt), select.integer(4), select.integer(5), select.integer(6), select.integer(7)
            )
            let place = withUnsafePointer(to: &key) { pointer in
                pointer.withMemoryRebound(to: Int64.self, capacity: FlowDetails.width) { words in
                    table.place(words) ?? table.insert(words, Sum())
                }
            }
            let sum = table.value(at: place)
            let flowID = select.integer(0)
            sum.pointee.flows += 1
            if state.outcomeCode == FlowState.failed.outcomeCode || select.isNull(2) { sum.pointee.open += 1 }
            if state.contains(.orphan) { sum.pointee.orphans += 1 }
            if state.contains(.startInferred) { sum.pointee.inferredStarts += 1 }
            if state.contains(.startUnknown) { sum.pointee.unknownStarts += 1 }
            sum.pointee.firstAt = min(sum.pointee.firstAt, startedAt)
            sum.pointee.lastAt = max(sum.pointee.lastAt, startedAt)
            sum.pointee.firstFlow = min(sum.pointee.firstFlow, flowID)
            sum.pointee.lastFlow = max(sum.pointee.lastFlow, flowID)
            if table.count >= FlowDetails.limit { try write(table) }
        }
        try write(table)
    }

    private func write(_ table: KeyTable<Sum>) throws {
        for place in 0..<table.count {
            let key = table.key(at: place)
            for index in 0..<FlowDetails.width { insert.bind(Int32(index + 1), key[index]) }
            let sum = table.value(at: place).pointee
            insert.bind(6, sum.flows)
            insert.bind(7, sum.open)
            insert.bind(8, sum.orphans)
            insert.bind(9, sum.inferredStarts)
            insert.bind(10, sum.unknownStarts)
            insert.bind(11, sum.firstAt)
            insert.bind(12, sum.lastAt)
            insert.bind(13, sum.firstFlow)
            insert.bind(14, sum.lastFlow)
            try insert.run()
        }
        table.removeAll()
    }
}
