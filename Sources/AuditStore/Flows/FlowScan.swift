public import FlowModel
public import GRDB

/// A flow of the database, as far as judging it needs.
public struct StoredFlow: Sendable {
    public var flowID: Int64
    public var connectionID: String?
    public var startedAt: Timestamp
    public var endedAt: Timestamp?
    public var outcome: RecordedOutcome
    public var bytesReceived: Int64?
    public var bytesTransferred: Int64?
    /// Number of who and from where; equal numbers are equal in all of it.
    public var origin: Int64
    /// Number of what and through which Connector.
    public var target: Int64
    public var resourceIP: Int64
    public var remark: Int64
    /// The judgement that is stored; 0 for none.
    public var judgement: Int64

    var outcomeCode: Int64
    /// It is no flow of its own: another one stands for it.
    var isRetold: Bool
}

/// Walks all flows of a database.
public final class FlowScan {
    public enum Order: Sendable {
        /// As they lie in the table, up to a number: the cheapest.
        case row(before: Int64 = .max)
        /// By start, then by number.
        case time
    }

    private let database: Database

    public init(_ database: Database) {
        self.database = database
    }

    /// `since` and `until` bound the start: from `since` on, before `until`. `withIDs`: whether connection ids are wanted, which cost more
    /// than the rest. `withRetold`: whether records come too that were recognised as other flows.
    public func forEach(
        order: Order, since: Timestamp = .distantPast, until: Timestamp = .distantFuture, withIDs: Bool = true,
        withRetold: Bool = false, _ body: (StoredFlow) throws -> Void
    ) throws {
        var sorting = "started_at, flow_id"
        var end = Int64.max
        if case .row(let before) = order {
            sorting = "flow_id"
            end = before
        }
        let statement = try RawStatement(
            database,
            """
            SELECT \(withIDs ? FlowScan.columns : FlowScan.columnsWithoutIDs)
            WHERE started_at >= ?1 AND started_at < ?2 AND flow_id < ?3\(withRetold ? "" : " AND state & \(FlowState.retold.rawValue) = 0")
            ORDER BY \(sorting)
            """)
        statement.bind(3, end)
        statement.bind(1, since.milliseconds)
        statement.bind(2, until.milliseconds)
        defer { statement.reset() }
        while try statement.step() { try body(FlowScan.flow(statement)) }
    }

    /// One flow by its number.
    public func flow(_ id: Int64) throws -> StoredFlow? {
        let statement = try RawStatement(database, "SELECT \(FlowScan.columns) WHERE flow_id = ?")
        statement.bind(1, id)
        defer { statement.reset() }
        return try statement.step() ? FlowScan.flow(statement) : nil
    }

    private static let columnsWithoutIDs = columns.replacing("connection_id", with: "NULL")

    private static let columns = """
        flow_id, connection_id, started_at, duration_ms, state, f.bytes_received, f.bytes_transferred, origin_id, target_id,
            resource_ip, remark_id, judgement_id
        FROM flow_fact f CROSS JOIN edge e ON e.edge_id = f.edge_id
        """

    private static func flow(_ statement: RawStatement) -> StoredFlow {
        let startedAt = statement.integer(2)
        let id = PackedConnectionID.read(statement, 1)
        return StoredFlow(
            flowID: statement.integer(0), connectionID: id.isEmpty ? nil : id.text, startedAt: Timestamp(milliseconds: startedAt),
            endedAt: statement.optionalInteger(3).map { Timestamp(milliseconds: startedAt &+ $0) },
            outcome: FlowState(rawValue: statement.integer(4)).outcome, bytesReceived: statement.optionalInteger(5),
            bytesTransferred: statement.optionalInteger(6), origin: statement.integer(7), target: statement.integer(8),
            resourceIP: statement.integer(9), remark: statement.integer(10), judgement: statement.integer(11),
            outcomeCode: FlowState(rawValue: statement.integer(4)).outcomeCode,
            isRetold: FlowState(rawValue: statement.integer(4)).contains(.retold))
    }
}
