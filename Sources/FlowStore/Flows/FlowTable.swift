internal import FlowModel
package import GRDB

/// Reads and writes rows of `flow_fact`.
package final class FlowTable {
    /// Rows written together: numbers within a run of flows have 16 bits.
    package static let batchRows = 1 << 16

    private static let columnNames = FlowFactColumn.allCases.map(\.name)

    private let batch: BatchTable
    private let insertRows: RawStatement
    private let update: RawStatement
    private let load: RawStatement
    private let insertPending: RawStatement
    private let deletePending: RawStatement
    private let deleteFlow: RawStatement
    /// What the records of these flows say of their time, where rows have no room for it.
    package let claims: FlowClaims
    private let key: IdentityKey
    package private(set) var nextID: Int64

    /// `key`: of the database's identities.
    package init(_ database: Database, key: IdentityKey) throws {
        self.key = key
        let columns = FlowTable.columnNames
        batch = BatchTable(columns: columns.count, capacity: FlowTable.batchRows)
        try batch.register(in: database)
        // In the order of the table, so that values are not copied into it.
        var written = columns.indices.map { (name: columns[$0], value: "c\($0)") }
        written.insert((name: "connection_id", value: "t"), at: FlowFactColumn.closedDuration.rawValue)
        insertRows = try RawStatement(
            database,
            """
            INSERT INTO flow_fact (\(written.map(\.name).joined(separator: ", ")))
            SELECT \(written.map(\.value).joined(separator: ", ")) FROM \(BatchTable.name)
            """)
        let settings = columns.dropFirst().enumerated().map { "\($1) = ?\($0 + 2)" }.joined(separator: ", ")
        update = try RawStatement(database, "UPDATE flow_fact SET \(settings) WHERE flow_id = ?1")
        load = try RawStatement(
            database,
            """
            SELECT \(columns.map { "f." + $0 }.joined(separator: ", ")), e.client_id, e.destination_id, f.connection_id,
                \(ClientKey.columns.map { "o." + $0 }.joined(separator: ", ")),
                \(DestinationKey.columns.map { "t." + $0 }.joined(separator: ", "))
            FROM flow_fact f JOIN aggregate e ON e.aggregate_id = f.aggregate_id JOIN client o ON o.client_id = e.client_id
                JOIN destination t ON t.destination_id = e.destination_id
            WHERE f.flow_id = ?
            """)
        insertPending = try RawStatement(
            database,
            "INSERT OR REPLACE INTO pending_duration (flow_id, connector_id) VALUES (?, ?)")
        deleteFlow = try RawStatement(database, "DELETE FROM flow_fact WHERE flow_id = ?")
        claims = try FlowClaims(database)
        deletePending = try RawStatement(database, "DELETE FROM pending_duration WHERE flow_id = ?")
        nextID = try FlowTable.firstFree(database)
    }

    private static func firstFree(_ database: Database) throws -> Int64 {
        // Numbers of flows that were pruned are not used again.
        try Int64.fetchOne(
            database,
            sql: """
                SELECT max((SELECT coalesce(max(flow_id), 0) FROM flow_fact), (SELECT coalesce(max(last_flow), 0) FROM flow_run)) + 1
                """) ?? 1
    }

    package func takeID() -> Int64 {
        defer { nextID += 1 }
        return nextID
    }

    /// A row as a draft that can be changed and written back, and the aggregate that it is counted under.
    package func draft(flowID: Int64, hash: UInt64) throws -> (draft: FlowDraft, aggregate: Int64)? {
        load.bind(1, flowID)
        guard try load.step() else {
            load.reset()
            return nil
        }
        defer { load.reset() }
        func optional(_ column: FlowFactColumn) -> Int64 {
            load.isNull(column.place) ? FlowDraft.absent : load.integer(column.place)
        }
        func value(_ column: FlowFactColumn) -> Int64 { load.integer(column.place) }
        let startedAt = value(.startedAt)
        let duration = optional(.durationMs)
        let columns = Int32(FlowTable.columnNames.count)
        let state = FlowState(rawValue: value(.state))
        let first = RecordPosition(source: value(.sourceID), offset: value(.sourceOffset), line: value(.sourceLine))
        var last = RecordPosition.none
        if !load.isNull(FlowFactColumn.endOffset.place) {
            let source = optional(.endSourceID)
            last = RecordPosition(
                source: source == FlowDraft.absent ? first.source : source, offset: value(.endOffset), line: value(.endLine))
        }
        let client = ClientKey(load, from: columns + 3)
        let destination = DestinationKey(load, from: columns + 3 + Int32(ClientKey.columns.count))
        var draft = FlowDraft(
            subject: FlowSubject(client: FlowSubject(key, client), destination: FlowSubject(key, destination)),
            connectionID: PackedConnectionID.read(load, columns + 2), connector: destination.connectorID,
            startedAt: startedAt, endedAt: duration == FlowDraft.absent ? duration : startedAt &+ duration,
            client: load.integer(columns), destination: load.integer(columns + 1), resourceIP: value(.resourceIP), route: value(.routeID),
            remark: value(.remarkID), state: state, bytesReceived: optional(.bytesReceived), bytesTransferred: optional(.bytesTransferred),
            first: first, last: last, duration: optional(.closedDuration),
            rank: FlowTable.rank(of: state))
        draft.flowID = flowID
        draft.hash = hash
        draft.isClean = true
        return (draft, value(.aggregateID))
    }

    private static func rank(of state: FlowState) -> Int8 {
        if state.contains(.whole) { return FlowDraft.rank(of: .whole) }
        if state.contains(.hasEstablished) { return FlowDraft.rank(of: .established) }
        if state.contains(.hasClosed) { return FlowDraft.rank(of: .closed) }
        return FlowDraft.rank(of: state.outcomeCode == 2 ? .failed : .denied)
    }

    /// Adds a draft to the rows that `insert` will write.
    @inline(__always)
    package func append(_ draft: UnsafePointer<FlowDraft>, aggregate: Int64) {
        draft.pointee.connectionID.withBytes { id in
            let room = batch.textRoom(ConnectionID.maxLength)
            var count = PackedConnectionID.pack(id, into: room)
            let isPacked = count > 0
            if !isPacked, let base = id.baseAddress {
                UnsafeMutableRawPointer(room).copyMemory(from: base, byteCount: id.count)
                count = id.count
            }
            batch.append(
                { row in FlowTable.values(draft, aggregate: aggregate) { column, value in row[column.rawValue] = value } }, bytes: count,
                areBlob: isPacked)
        }
    }

    package func insert() throws {
        guard batch.count > 0 else { return }
        try batch.drain { try insertRows.run() }
    }

    package func overwrite(_ draft: UnsafePointer<FlowDraft>, aggregate: Int64) throws {
        FlowTable.values(draft, aggregate: aggregate) { column, value in
            update.bind(column.place + 1, value == BatchTable.null ? nil : value)
        }
        try update.run()
    }

    @inline(__always)
    private static func values(_ pointer: UnsafePointer<FlowDraft>, aggregate: Int64, _ put: (FlowFactColumn, Int64) -> Void) {
        put(.flowID, pointer.pointee.flowID)
        put(.startedAt, pointer.pointee.startedAt)
        // As it was recorded, also when the clock stepped back in between.
        put(
            .durationMs,
            pointer.pointee.endedAt == FlowDraft.absent ? BatchTable.null : pointer.pointee.endedAt &- pointer.pointee.startedAt)
        put(.aggregateID, aggregate)
        put(.resourceIP, pointer.pointee.resourceIP)
        put(.routeID, pointer.pointee.route)
        put(.remarkID, pointer.pointee.remark)
        put(.state, pointer.pointee.state.rawValue)
        put(.bytesReceived, pointer.pointee.bytesReceived)
        put(.bytesTransferred, pointer.pointee.bytesTransferred)
        put(.sourceID, pointer.pointee.first.source)
        put(.sourceOffset, pointer.pointee.first.offset)
        put(.sourceLine, pointer.pointee.first.line)
        let last = pointer.pointee.last
        put(.endSourceID, last.isNone || last.source == pointer.pointee.first.source ? BatchTable.null : last.source)
        put(.endOffset, last.isNone ? BatchTable.null : last.offset)
        put(.endLine, last.isNone ? BatchTable.null : last.line)
        put(.closedDuration, pointer.pointee.duration == FlowDraft.absent ? BatchTable.null : pointer.pointee.duration)
    }

    /// Enters a flow with those whose start follows from the unit of their Connector's durations, or takes it out; `old`: as it was.
    package func notePending(_ draft: FlowDraft, old: FlowDraft? = nil) throws {
        let (isPending, wasPending) = (draft.dependsOnUnit, old?.dependsOnUnit ?? false)
        if isPending, !wasPending {
            insertPending.bind(1, draft.flowID)
            insertPending.bind(2, draft.connector)
            try insertPending.run()
        } else if wasPending, !isPending {
            deletePending.bind(1, draft.flowID)
            try deletePending.run()
        }
    }

    /// Takes a row out whose records are another flow's now.
    package func remove(flowID: Int64) throws {
        deleteFlow.bind(1, flowID)
        try deleteFlow.run()
        deletePending.bind(1, flowID)
        try deletePending.run()
        try claims.remove(flowID: flowID)
    }
}
