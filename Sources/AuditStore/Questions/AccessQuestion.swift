internal import FlowModel
internal import GRDB

/// Who reached what through which Connector: sums over the roll-up.
public struct AccessQuestion: Sendable {
    /// What the answer has a row for each of.
    public enum Key: String, Sendable, CaseIterable {
        case user
        case group
        case resource
        case address
        case connector
        case network
        case device
        case clientIP = "client-ip"
        case port
        case verdict
        case reason
        case outcome
        case hour
        case day

        fileprivate var column: String {
            switch self {
            case .user: "coalesce(principal, principal_id)"
            case .group: "\"group\""
            case .resource: "resource_id"
            case .address: "address"
            case .connector: "coalesce(connector, connector_id)"
            case .network: "coalesce(network, network_id)"
            case .device: "device_id"
            case .clientIP: "client_ip"
            case .port: "port"
            case .verdict: "coalesce(verdict, 'unjudged')"
            case .reason: "reason"
            case .outcome: "outcome"
            case .hour: "hour_at"
            case .day: "hour_at - ((hour_at % 86400000) + 86400000) % 86400000"
            }
        }

        /// The column of an answer.
        var name: String {
            switch self {
            case .clientIP: "client_ip"
            case .hour: "hour_at"
            case .day: "day_at"
            default: rawValue
            }
        }
    }

    /// Who, what, through which Connector, and whether it was right.
    public static let headline: [Key] = [.user, .resource, .address, .port, .connector, .network, .verdict]

    public var filter = FlowFilter()
    public var keys = AccessQuestion.headline
    public var limit: Int?

    public init() {}

    /// Columns: the keys, then `flows, denied, failed, bytes_received, bytes_transferred, first_seen, last_seen`; most flows first.
    public func ask<Value>(_ database: AuditDatabase, _ body: (Answer) throws -> Value) throws -> Value {
        try database.read { connection in
            // Hours are whole in the roll-up; where the period cuts one, the flows themselves are counted.
            guard cutsHours else {
                var sums = try EdgeSums(self, connection)
                return try body(sums.answer())
            }
            var (condition, arguments) = filter.condition(timeColumn: "first_at")
            if let narrowing = try FlowNarrowing.condition(filter, connection) { condition += " AND \(narrowing)" }
            let join =
                keys.contains(.group)
                ? """
                 LEFT JOIN (SELECT DISTINCT user_id, "group" FROM policy_member) AS member
                    ON member.user_id = principal_id AND principal_kind = 'user'
                """ : ""
            let selected = keys.map { "\($0.column) AS \"\($0.name)\"" }.joined(separator: ", ")
            let places = keys.indices.map { String($0 + 1) }.joined(separator: ", ")
            let sql = """
                SELECT \(selected), sum(flows) AS flows, sum(CASE outcome WHEN 'denied' THEN flows ELSE 0 END) AS denied,
                    sum(CASE outcome WHEN 'failed' THEN flows ELSE 0 END) AS failed,
                    sum(bytes_received) AS bytes_received, sum(bytes_transferred) AS bytes_transferred,
                    min(first_at) AS first_seen, max(last_at) AS last_seen
                FROM \(AccessQuestion.flowsAsAccess)\(join)
                WHERE \(condition)
                GROUP BY \(places)
                ORDER BY flows DESC, \(places)\(limit.map { " LIMIT \($0)" } ?? "")
                """
            return try body(Answer(connection, sql: sql, arguments: arguments))
        }
    }

    private var cutsHours: Bool {
        let hour: Int64 = 3_600_000
        return [filter.since, filter.until].contains { $0.map { $0.milliseconds % hour != 0 } ?? false }
    }

    private static let flowsAsAccess = """
        (SELECT *, started_at AS first_at, started_at AS last_at, 1 AS flows,
            started_at - ((started_at % 3600000) + 3600000) % 3600000 AS hour_at
        FROM flow)
        """
}
