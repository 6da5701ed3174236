internal import FlowModel
internal import GRDB

/// Reads and writes rows of `flow_fact`, with the identities that belong to them.
final class FlowTable {
    /// Rows that are inserted with one statement.
    static let batchCapacity = 1 << 16
    private static let integerColumns = [
        "flow_id", "started_at", "duration_ms", "origin_id", "target_id", "resource_ip", "route_id", "remark_id", "state",
        "bytes_received", "bytes_transferred", "judgement_id", "source_id", "source_offset", "source_line", "end_source_id",
        "end_offset", "end_line",
    ]

    private let batch: BatchTable
    private let insertRows: RawStatement
    private let insertIdentities: RawStatement
    private let update: RawStatement
    private let candidates: RawStatement
    private let load: RawStatement
    private let insertPending: RawStatement
    private let deletePending: RawStatement
    private let loadPending: RawStatement
    private(set) var nextID: Int64
    /// False while the database has no flow from before: then looking for one is pointless.
    private var mayHaveOlder: Bool

    init(_ database: Database) throws {
        let columns = FlowTable.integerColumns
        // The hash of the identity travels as one more column.
        batch = BatchTable(columns: columns.count + 1, capacity: FlowTable.batchCapacity)
        try batch.register(in: database)
        let selected = columns.indices.map { "c\($0)" }.joined(separator: ", ")
        insertRows = try RawStatement(
            database,
            """
            INSERT INTO flow_fact (\(columns.joined(separator: ", ")), connection_id)
            SELECT \(selected), t FROM \(BatchTable.name)
            """)
        insertIdentities = try RawStatement(
            database, "INSERT INTO identity (hash, flow_id) SELECT c\(columns.count), c0 FROM \(BatchTable.name) ORDER BY 1")
        let settings = columns.dropFirst().enumerated().map { "\($1) = ?\($0 + 2)" }.joined(separator: ", ")
        update = try RawStatement(database, "UPDATE flow_fact SET \(settings) WHERE flow_id = ?1")
        candidates = try RawStatement(database, "SELECT flow_id FROM identity WHERE hash = ?")
        load = try RawStatement(
            database,
            """
            SELECT \(columns.map { "f." + $0 }.joined(separator: ", ")), t.connector_id, f.connection_id,
                r.error, r.close_reason, r.requested, r.decision_effect, r.decision_reason, r.policy_version, r.policy_digest
            FROM flow_fact f JOIN target t ON t.target_id = f.target_id
            LEFT JOIN remark r ON r.remark_id = f.remark_id
            WHERE f.flow_id = ?
            """)
        insertPending = try RawStatement(
            database,
            "INSERT OR REPLACE INTO pending_duration (flow_id, hash, connector_id, closed_at, duration) VALUES (?, ?, ?, ?, ?)")
        deletePending = try RawStatement(database, "DELETE FROM pending_duration WHERE flow_id = ?")
        loadPending = try RawStatement(database, "SELECT duration FROM pending_duration WHERE flow_id = ?")
        let last = try Int64.fetchOne(database, sql: "SELECT coalesce(max(flow_id), 0) FROM flow_fact") ?? 0
        nextID = last + 1
        mayHaveOlder = last > 0
    }

    func takeID() -> Int64 {
        defer { nextID += 1 }
        return nextID
    }

    /// The flows whose identity has this hash, as drafts that can be changed and written back.
    func find(hash: Int64) throws -> [FlowDraft] {
        guard mayHaveOlder else { return [] }
        candidates.bind(1, hash)
        var ids: [Int64] = []
        while try candidates.step() { ids.append(candidates.integer(0)) }
        candidates.reset()
        return try ids.compactMap { try draft(flowID: $0, hash: hash) }
    }

    func draft(flowID: Int64, hash: Int64) throws -> FlowDraft? {
        load.bind(1, flowID)
        guard try load.step() else {
            load.reset()
            return nil
        }
        defer { load.reset() }
        let startedAt = load.integer(1)
        let columns = Int32(FlowTable.integerColumns.count)
        var remark = RemarkKey()
        if !load.isNull(columns + 2) {
            remark = RemarkKey(
                error: load.integer(columns + 2), closeReason: load.integer(columns + 3), requested: load.integer(columns + 4),
                decisionEffect: load.integer(columns + 5), decisionReason: load.integer(columns + 6),
                policyVersion: load.integer(columns + 7), policyDigest: load.integer(columns + 8))
        }
        let state = FlowState(rawValue: load.integer(8))
        let first = RecordPosition(source: load.integer(12), offset: load.integer(13), line: load.integer(14))
        let last = load.optionalInteger(16).map { offset in
            RecordPosition(source: load.optionalInteger(15) ?? first.source, offset: offset, line: load.integer(17))
        }
        var draft = FlowDraft(
            flowID: flowID, hash: hash,
            connectionID: load.withText(columns + 1) { ConnectionID($0) } ?? ConnectionID(),
            connector: load.integer(columns), startedAt: startedAt,
            endedAt: load.optionalInteger(2).map { startedAt &+ $0 },
            origin: load.integer(3), target: load.integer(4), resourceIP: load.integer(5), route: load.integer(6),
            remark: remark, state: state, bytesReceived: load.optionalInteger(9), bytesTransferred: load.optionalInteger(10),
            judgement: load.integer(11), first: first, last: last, rank: FlowTable.rank(of: state))
        draft.before = draft.contribution()
        draft.isClean = true
        if state.contains(.startUnknown) {
            loadPending.bind(1, flowID)
            if try loadPending.step() {
                draft.pendingDuration = loadPending.integer(0)
                draft.hadPendingDuration = true
            }
            loadPending.reset()
        }
        return draft
    }

    private static func rank(of state: FlowState) -> Int {
        if state.contains(.whole) { return FlowDraft.rank(of: .whole) }
        if state.contains(.hasEstablished) { return FlowDraft.rank(of: .established) }
        if state.contains(.hasClosed) { return FlowDraft.rank(of: .closed) }
        return FlowDraft.rank(of: state.outcomeCode == 2 ? .failed : .denied)
    }

    /// Writes drafts: new ones as rows, changed ones over their rows.
    func write(_ drafts: [FlowDraft], remarks: TupleDictionary<RemarkKey>) throws {
        for draft in drafts where !draft.isClean {
            let remark = draft.remark.isEmpty ? 0 : try remarks.id(draft.remark)
            if draft.before == nil {
                append(draft, remark: remark)
                if batch.isFull { try drain() }
            } else {
                try overwrite(draft, remark: remark)
            }
            try writePending(draft)
        }
        try drain()
    }

    private func values(_ draft: FlowDraft, remark: Int64, _ put: (Int, Int64) -> Void) {
        put(0, draft.flowID)
        put(1, draft.startedAt)
        put(2, draft.endedAt.map { max(0, $0 &- draft.startedAt) } ?? BatchTable.null)
        put(3, draft.origin)
        put(4, draft.target)
        put(5, draft.resourceIP)
        put(6, draft.route)
        put(7, remark)
        put(8, draft.state.rawValue)
        put(9, draft.bytesReceived ?? BatchTable.null)
        put(10, draft.bytesTransferred ?? BatchTable.null)
        put(11, draft.judgement)
        put(12, draft.first.source)
        put(13, draft.first.offset)
        put(14, draft.first.line)
        let last = draft.last
        put(15, last.map { $0.source == draft.first.source ? BatchTable.null : $0.source } ?? BatchTable.null)
        put(16, last?.offset ?? BatchTable.null)
        put(17, last?.line ?? BatchTable.null)
    }

    private func append(_ draft: FlowDraft, remark: Int64) {
        draft.connectionID.withBytes { text in
            batch.append(
                { row, stride in
                    values(draft, remark: remark) { column, value in row[column * stride] = value }
                    row[FlowTable.integerColumns.count * stride] = draft.hash
                },
                text: text)
        }
    }

    private func overwrite(_ draft: FlowDraft, remark: Int64) throws {
        values(draft, remark: remark) { column, value in
            update.bind(Int32(column + 1), value == BatchTable.null ? nil : value)
        }
        try update.run()
    }

    private func writePending(_ draft: FlowDraft) throws {
        if let duration = draft.pendingDuration, draft.state.contains(.startUnknown), let endedAt = draft.endedAt {
            insertPending.bind(1, draft.flowID)
            insertPending.bind(2, draft.hash)
            insertPending.bind(3, draft.connector)
            insertPending.bind(4, endedAt)
            insertPending.bind(5, duration)
            try insertPending.run()
        } else if draft.hadPendingDuration {
            deletePending.bind(1, draft.flowID)
            try deletePending.run()
        }
    }

    private func drain() throws {
        guard batch.count > 0 else { return }
        try batch.drain {
            try insertRows.run()
            try insertIdentities.run()
        }
        mayHaveOlder = true
    }

    func forget(_ database: Database) throws {
        let last = try Int64.fetchOne(database, sql: "SELECT coalesce(max(flow_id), 0) FROM flow_fact") ?? 0
        nextID = last + 1
        mayHaveOlder = last > 0
    }
}
