public import AccessPolicy
public import FlowModel
internal import GRDB

/// What a source without connection ids tells of a flow.
public struct FlowSourceMatch: Sendable {
    public var record: Evidence
    /// What it says otherwise, by the name of the column of `flow`: the Connector's word and this source's.
    public var differences: [(name: String, original: StoredValue, matched: StoredValue)]
}

/// Everything that is known of one flow.
public struct FlowTrace: Sendable {
    /// The row of the view `flow`, without what is absent.
    public var fields: [(name: String, value: StoredValue)]
    /// The records that the flow rests on: the first, and the last where there are two.
    public var records: [Evidence]
    /// What other sources tell of the same flow.
    public var sourceMatches: [FlowSourceMatch]
    /// What the Connector journaled of resolving the name: when, and the record's text.
    public var resolution: (at: Timestamp?, body: String)?
    /// What the engine needs to explain the verdict.
    public var facts: FlowFacts

    public func text(_ name: String) -> String? {
        guard case .text(let value) = fields.first(where: { $0.name == name })?.value else { return nil }
        return value
    }
}

/// Looks flows up by what people have in hand.
public struct TraceQuestion: Sendable {
    public enum Subject: Sendable {
        case flow(Int64)
        case connection(String)
        /// The session, among those that the timeline shows, that has a flow.
        case session(Int64, of: TimelineQuestion)

        /// `17` is a flow, `session:17` a session of the timeline, `session:17:60` one with pauses of at most 60 minutes, anything else a
        /// connection id.
        public init(_ text: String, timeline: TimelineQuestion = TimelineQuestion()) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            if parts.count == 2 || parts.count == 3, parts[0] == "session", let id = Int64(parts[1]) {
                var timeline = timeline
                if parts.count == 3 {
                    guard let minutes = Int64(parts[2]), TimelineQuestion.gaps.contains(minutes) else {
                        self = .connection(text)
                        return
                    }
                    timeline.gapMs = minutes * TimelineQuestion.minuteMs
                }
                self = .session(id, of: timeline)
            } else if let id = Int64(text), id > 0 {
                self = .flow(id)
            } else {
                self = .connection(text)
            }
        }
    }

    /// More flows than this are not told one by one.
    public static let most = 200

    public var subject: Subject

    public init(_ subject: Subject) {
        self.subject = subject
    }

    /// The flows, at most `most` of them, and how many there are.
    public func ask(_ database: AuditDatabase) throws -> (traces: [FlowTrace], count: Int) {
        try database.read { connection in
            let reader = try FlowFactsReader(connection)
            let flows = try flowIDs(connection)
            return (try flows.prefix(TraceQuestion.most).compactMap { try trace($0, connection, reader) }, flows.count)
        }
    }

    private func flowIDs(_ database: Database) throws -> [Int64] {
        switch subject {
        case .flow(let id):
            // The number of a record that was recognised as another flow leads to that flow.
            return try [
                Int64.fetchOne(database, sql: "SELECT original_flow FROM source_match_fact WHERE flow_id = ?", arguments: [id]) ?? id
            ]
        case .connection(let id):
            let (condition, arguments) = PackedConnectionID.condition("connection_id", is: id)
            let candidates = try identified(id, database).map { String($0) }.joined(separator: ",")
            return try Int64.fetchAll(
                database,
                sql: """
                    SELECT flow_id FROM flow_fact WHERE flow_id IN (\(candidates)) AND \(condition)
                    ORDER BY started_at, flow_id
                    """, arguments: arguments)
        case .session(let id, let timeline):
            return try flows(ofSessionWith: id, timeline, database)
        }
    }

    /// All flows of the session that has a flow, in time order.
    private func flows(ofSessionWith id: Int64, _ timeline: TimelineQuestion, _ database: Database) throws -> [Int64] {
        let key = Views.sessionKey
        guard
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT \(key) FROM flow_fact f JOIN aggregate e USING (aggregate_id) JOIN client USING (client_id) JOIN destination USING (destination_id)
                    WHERE flow_id = ?
                    """, arguments: [id])
        else { return [] }
        let values = (0..<4).map { row[$0] as Int64 }
        let clients = try Int64.fetchSet(
            database, sql: "SELECT client_id FROM client WHERE principal_kind = ? AND principal_id = ? AND device = ?",
            arguments: [values[0], values[1], values[2]])
        let own = "o.principal_kind = \(values[0]) AND o.principal_id = \(values[1]) AND o.device = \(values[2])"
        let condition = try "\(own) AND t.resource_id = \(values[3]) AND \(timeline.condition(database, clients: clients))"
        return try Int64.fetchAll(
            database,
            sql: """
                WITH \(Views.sessionParts(where: condition, gapMs: timeline.gapMs))
                SELECT flow_id FROM numbered WHERE part = (SELECT part FROM numbered WHERE flow_id = ?) ORDER BY started_at, flow_id
                """, arguments: [id])
    }

    /// The flows that may be of a connection id, through any Connector.
    private func identified(_ id: String, _ database: Database) throws -> [Int64] {
        guard let key = try IdentityKey.stored(database) else { return [] }
        let connectors = try String?.fetchAll(
            database, sql: "SELECT DISTINCT value FROM destination LEFT JOIN text ON text_id = connector_id")
        let hashes = connectors.map { key.hash(connection: id, connector: $0 ?? "") }
        var found = try IdentityRuns(database).find(hashes.map { IdentityRuns.key($0) }.sorted()) { $0 }.map(\.flowID)
        for hash in hashes { found += try ReusedIdentities.flows(database, of: hash, most: TraceQuestion.most) }
        return found
    }

    private func trace(_ id: Int64, _ database: Database, _ reader: FlowFactsReader) throws -> FlowTrace? {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM flow WHERE flow_id = ?", arguments: [id]),
            let stored = try FlowScan(database).flow(id)
        else { return nil }
        let fields = zip(row.columnNames, row.databaseValues).map { (name: $0, value: StoredValue($1)) }.filter {
            $0.value != .null
        }
        var records: [Evidence] = []
        if let first = try Evidence.find(
            database, source: row["source_id"], offset: row["source_offset"], line: row["source_line"])
        {
            records.append(first)
        }
        if let source = row["end_source_id"] as Int64?,
            let last = try Evidence.find(database, source: source, offset: row["end_offset"], line: row["end_line"])
        {
            records.append(last)
        }
        let facts = try FlowFacts(stored, reader: reader, lastUses: try LastUse.before(stored, database, reader))
        var trace = FlowTrace(
            fields: fields, records: records, sourceMatches: try sourceMatches(of: row, database), resolution: nil, facts: facts)
        if let found = try Row.fetchOne(
            database,
            sql: """
                SELECT at, body FROM journal_record
                WHERE kind = 'name_resolved' AND source_id IN (
                        SELECT source_id FROM source WHERE journal = (SELECT journal FROM source WHERE source_id = ?))
                    AND body ->> '$.name' = ? COLLATE NOCASE AND at <= ?
                ORDER BY at DESC LIMIT 1
                """,
            arguments: [row["source_id"] as Int64, facts.destination, stored.startedAt.milliseconds])
        {
            trace.resolution = ((found[0] as Int64?).map { Timestamp(milliseconds: $0) }, found[1])
        }
        return trace
    }

    private func sourceMatches(of flow: Row, _ database: Database) throws -> [FlowSourceMatch] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT * FROM source_match WHERE flow_id = ? ORDER BY source_id, source_offset", arguments: [flow["flow_id"]])
        return try rows.compactMap { row in
            guard
                let record = try Evidence.find(
                    database, source: row["source_id"], offset: row["source_offset"], line: row["source_line"])
            else { return nil }
            let names = (row["differs"] as String?)?.split(separator: ";").map(String.init) ?? []
            return FlowSourceMatch(
                record: record,
                differences: names.map { name in
                    (name, StoredValue(flow[name] as DatabaseValue), StoredValue(row[name] as DatabaseValue))
                })
        }
    }
}
