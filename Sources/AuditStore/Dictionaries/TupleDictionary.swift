internal import GRDB

/// A row of a dictionary table, as the integers and texts that identify it.
protocol TupleKey: Hashable {
    static var table: String { get }
    static var idColumn: String { get }
    static var columns: [String] { get }
    /// Binds the columns in their order, the first at `index`.
    func bind(to statement: RawStatement, from index: Int32)
}

/// A dictionary table: every combination once, numbered. Remembers in memory what was asked of late.
final class TupleDictionary<Key: TupleKey> {
    /// When more are remembered, they are forgotten; the table still knows them. A million keys take about 100 MB at worst.
    private let limit: Int
    private let select: RawStatement
    private let insert: RawStatement
    private var known: [Key: Int64] = [:]
    private var next: Int64

    init(_ database: Database, limit: Int = 400_000) throws {
        self.limit = limit
        let conditions = Key.columns.map { "\($0) = ?" }.joined(separator: " AND ")
        select = try RawStatement(database, "SELECT \(Key.idColumn) FROM \(Key.table) WHERE \(conditions)")
        let marks = Key.columns.map { _ in ", ?" }.joined()
        insert = try RawStatement(
            database,
            "INSERT INTO \(Key.table) (\(Key.idColumn), \(Key.columns.joined(separator: ", "))) VALUES (?\(marks))")
        next = try TupleDictionary.last(database)
    }

    private static func last(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(\(Key.idColumn)), 0) FROM \(Key.table)") ?? 0
    }

    func id(_ key: Key) throws -> Int64 {
        if let id = known[key] { return id }
        key.bind(to: select, from: 1)
        let found = try select.step() ? select.integer(0) : nil
        select.reset()
        let id: Int64
        if let found {
            id = found
        } else {
            next += 1
            id = next
            insert.bind(1, id)
            key.bind(to: insert, from: 2)
            try insert.run()
        }
        if known.count >= limit { known.removeAll(keepingCapacity: true) }
        known[key] = id
        return id
    }

    func forget(_ database: Database) throws {
        known.removeAll()
        next = try TupleDictionary.last(database)
    }
}

/// Who, from where.
struct OriginKey: TupleKey {
    static let table = "origin"
    static let idColumn = "origin_id"
    static let columns = ["principal", "principal_id", "principal_kind", "service_key", "device", "client_ip", "location"]

    var principal: Int64 = 0
    var principalID: Int64 = 0
    var principalKind: Int64 = 0
    var serviceKey: Int64 = 0
    var device: Int64 = 0
    var clientIP: Int64 = 0
    var location: Int64 = 0

    func bind(to statement: RawStatement, from index: Int32) {
        statement.bind(index, principal)
        statement.bind(index + 1, principalID)
        statement.bind(index + 2, principalKind)
        statement.bind(index + 3, serviceKey)
        statement.bind(index + 4, device)
        statement.bind(index + 5, clientIP)
        statement.bind(index + 6, location)
    }
}

/// What, through which Connector.
struct TargetKey: TupleKey {
    static let table = "target"
    static let idColumn = "target_id"
    static let columns = [
        "address", "connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "protocol", "port",
    ]

    var address: Int64 = 0
    var connectorID: Int64 = 0
    var connector: Int64 = 0
    var networkID: Int64 = 0
    var network: Int64 = 0
    var resourceID: Int64 = 0
    var appliedRule: Int64 = 0
    var transport: Int64 = 0
    var port: Int64 = -1

    func bind(to statement: RawStatement, from index: Int32) {
        statement.bind(index, address)
        statement.bind(index + 1, connectorID)
        statement.bind(index + 2, connector)
        statement.bind(index + 3, networkID)
        statement.bind(index + 4, network)
        statement.bind(index + 5, resourceID)
        statement.bind(index + 6, appliedRule)
        statement.bind(index + 7, transport)
        statement.bind(index + 8, port)
    }
}

/// Relays and tunnel.
struct RouteKey: TupleKey {
    static let table = "route"
    static let idColumn = "route_id"
    static let columns = ["relays", "tunnel_path", "tunnel_protocol"]

    var relays: Int64 = 0
    var tunnelPath: Int64 = 0
    var tunnelProtocol: Int64 = 0

    var isEmpty: Bool { self == RouteKey() }

    func bind(to statement: RawStatement, from index: Int32) {
        statement.bind(index, relays)
        statement.bind(index + 1, tunnelPath)
        statement.bind(index + 2, tunnelProtocol)
    }
}

/// What else a Connector said: errors, reasons, the policy that it enforced.
struct RemarkKey: TupleKey {
    static let table = "remark"
    static let idColumn = "remark_id"
    static let columns = [
        "error", "close_reason", "requested", "decision_effect", "decision_reason", "policy_version", "policy_digest",
    ]

    var error: Int64 = 0
    var closeReason: Int64 = 0
    var requested: Int64 = 0
    var decisionEffect: Int64 = 0
    var decisionReason: Int64 = 0
    var policyVersion: Int64 = -1
    var policyDigest: Int64 = 0

    var isEmpty: Bool { self == RemarkKey() }

    /// Fields that `other` has and this has not.
    mutating func fill(from other: RemarkKey) {
        if error == 0 { error = other.error }
        if closeReason == 0 { closeReason = other.closeReason }
        if requested == 0 { requested = other.requested }
        if decisionEffect == 0 { decisionEffect = other.decisionEffect }
        if decisionReason == 0 { decisionReason = other.decisionReason }
        if policyVersion == -1 { policyVersion = other.policyVersion }
        if policyDigest == 0 { policyDigest = other.policyDigest }
    }

    func bind(to statement: RawStatement, from index: Int32) {
        statement.bind(index, error)
        statement.bind(index + 1, closeReason)
        statement.bind(index + 2, requested)
        statement.bind(index + 3, decisionEffect)
        statement.bind(index + 4, decisionReason)
        statement.bind(index + 5, policyVersion)
        statement.bind(index + 6, policyDigest)
    }
}

/// What the policy engine said.
struct JudgementKey: TupleKey {
    static let table = "judgement"
    static let idColumn = "judgement_id"
    static let columns = ["class", "reason", "expected_resource_id", "qualifiers", "policy_version"]

    var verdict = ""
    var reason = ""
    var expectedResourceID = ""
    var qualifiers = ""
    var policyVersion = ""

    func bind(to statement: RawStatement, from index: Int32) {
        statement.bind(index, text: verdict)
        statement.bind(index + 1, text: reason)
        statement.bind(index + 2, text: expectedResourceID)
        statement.bind(index + 3, text: qualifiers)
        statement.bind(index + 4, text: policyVersion)
    }
}
