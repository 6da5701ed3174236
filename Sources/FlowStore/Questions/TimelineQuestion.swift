internal import FlowModel
internal import GRDB

/// Sessions in time order: one row for each stretch in which a principal used a Resource from a device.
public struct TimelineQuestion: Sendable {
    public var filter = FlowFilter()
    /// A session ends when nothing happened for longer than this.
    public var gapMs = Views.sessionGapMs
    public var limit: Int?

    /// Minutes that a pause may be.
    public static let gaps: ClosedRange<Int64> = 0...100_000

    public init() {}

    public func ask<Value>(_ database: AuditDatabase, _ body: (Answer) throws -> Value) throws -> Value {
        try database.readOnce { connection in
            let condition = try condition(connection)
            let sql = """
                SELECT started_at, ended_at, \(sessionID) AS session_id, coalesce(principal, principal_id) AS user,
                    device_id AS device, resource_id AS resource, addresses, connectors, network, paths, flows, failures, connector_changes, bytes_received,
                    bytes_transferred, verdicts
                FROM (\(Views.sessions(where: condition, gapMs: gapMs))) AS sessions
                ORDER BY started_at, sessions.session_id\(limit.map { " LIMIT \($0)" } ?? "")
                """
            return try body(Answer(connection, sql: sql, arguments: []))
        }
    }
    /// Sessions with another pause than the usual one say so in their number, so that it names them wherever it is used.
    private var sessionID: String {
        gapMs == Views.sessionGapMs ? "sessions.session_id" : "sessions.session_id || ':\(gapMs / TimelineQuestion.minuteMs)'"
    }

    public static let minuteMs: Int64 = 60_000

    /// What flows must meet, over `flow_fact f`, `aggregate e`, `client o` and `destination t`; `clients`: those that are asked for at most.
    func condition(_ connection: Database, clients: Set<Int64>? = nil) throws -> String {
        let numbers = try filter.numbers(connection)
        var condition = numbers.condition
        if let since = filter.since { condition += " AND f.started_at >= \(since.milliseconds)" }
        if let until = filter.until { condition += " AND f.started_at < \(until.milliseconds)" }
        if let members = numbers.members { condition += " AND \(MemberFunction.add(members.times, members.wanted, to: connection))" }
        let wanted = clients.map { clients in numbers.clients.map { $0.intersection(clients) } ?? clients } ?? numbers.clients
        if let narrowing = try FlowNarrowing.condition(clients: wanted, since: filter.since, until: filter.until, connection) {
            condition += " AND \(narrowing)"
        }
        return condition
    }
}
