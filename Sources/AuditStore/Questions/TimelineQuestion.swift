public import FlowModel
internal import GRDB

/// Sessions in time order: one row for each stretch in which a principal used a Resource from a device.
public struct TimelineQuestion: Sendable {
    public var filter = FlowFilter()
    /// A session ends when nothing happened for longer than this.
    public var gapMs = Views.sessionGapMs
    public var limit: Int?

    public init() {}

    public func ask<Value>(_ database: AuditDatabase, _ body: (Answer) throws -> Value) throws -> Value {
        try database.readOnce { connection in
            let numbers = try filter.numbers(connection)
            var condition = numbers.condition
            if let since = filter.since { condition += " AND f.started_at >= \(since.milliseconds)" }
            if let until = filter.until { condition += " AND f.started_at < \(until.milliseconds)" }
            if let members = numbers.members { condition += " AND \(MemberFunction.add(members.times, members.wanted, to: connection))" }
            if let narrowing = try FlowNarrowing.condition(
                origins: numbers.origins, since: filter.since, until: filter.until, connection)
            {
                condition += " AND \(narrowing)"
            }
            let sql = """
                SELECT started_at, ended_at, session_id, coalesce(principal, principal_id) AS user, device_id AS device, resource_id AS
                    resource, addresses, connectors, network, paths, flows, failures, connector_changes, bytes_received,
                    bytes_transferred, verdicts
                FROM (\(Views.sessions(where: condition, gapMs: gapMs)))
                ORDER BY started_at, session_id\(limit.map { " LIMIT \($0)" } ?? "")
                """
            return try body(Answer(connection, sql: sql, arguments: []))
        }
    }
}
