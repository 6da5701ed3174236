internal import FlowModel
internal import GRDB

/// Who reached what through which Connector: sums over the roll-up.
public struct AccessQuestion: Sendable {
    /// What the answer has a row for each of.
    public enum Key: String, Sendable, CaseIterable {
        /// By id; shown is the latest name, and the id too where others bear it.
        case user
        case userID = "user-id"
        /// Of the policy in force when the flow began, by the group's id and its name as of then; `unknown` before the first policy.
        case group
        case resource
        case address
        /// As `user`.
        case connector
        case connectorID = "connector-id"
        /// As `user`.
        case network
        case networkID = "network-id"
        case device
        case clientIP = "client-ip"
        case port
        case verdict
        case reason
        case outcome
        case hour
        case day

        /// The column of an answer.
        var name: String {
            switch self {
            case .userID: "user_id"
            case .connectorID: "connector_id"
            case .networkID: "network_id"
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
        try database.readOnce { connection in
            let sums = AccessSums(self, connection)
            return try body(sums.answer())
        }
    }
}
