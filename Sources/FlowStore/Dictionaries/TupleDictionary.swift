package import GRDB

/// A row of a dictionary table, as the integers that identify it.
package protocol TupleKey {
    static var table: String { get }
    static var idColumn: String { get }
    static var columns: [String] { get }
    /// Puts the columns down in their order.
    func write(to words: UnsafeMutablePointer<Int64>)
}

/// A dictionary table: every combination once, numbered. Remembers in memory what was asked of late.
package final class TupleDictionary<Key: TupleKey> {
    /// When more are remembered, they are forgotten; the table still knows them. 200,000 keys take 25 MB at worst.
    private let limit: Int
    private let lane: WritingLane?
    private let select: RawStatement
    private let insert: RawStatement
    private let known: KeyTable<Int64>
    private let words: UnsafeMutablePointer<Int64>
    private var next: Int64
    /// Every row is remembered: what is not, is not in the table.
    private var isComplete = false
    /// Rows that are numbered and not written yet, column after column, each behind its number. Without a lane there are none.
    private var unwritten: [Int64] = []

    /// Tables of so few rows are remembered from the start.
    private static var small: Int64 { 50_000 }

    /// With a `lane`, rows are held back until `flush`, so that numbering them need not wait for the connection.
    package init(_ database: Database, lane: WritingLane? = nil, limit: Int = 200_000) throws {
        self.limit = limit
        self.lane = lane
        let conditions = Key.columns.map { "\($0) = ?" }.joined(separator: " AND ")
        select = try RawStatement(database, "SELECT \(Key.idColumn) FROM \(Key.table) WHERE \(conditions)")
        let marks = Key.columns.map { _ in ", ?" }.joined()
        insert = try RawStatement(
            database,
            "INSERT INTO \(Key.table) (\(Key.idColumn), \(Key.columns.joined(separator: ", "))) VALUES (?\(marks))")
        next = try TupleDictionary.last(database)
        known = KeyTable(width: Key.columns.count)
        words = .allocate(capacity: Key.columns.count)
        words.initialize(repeating: 0, count: Key.columns.count)
        try load(database)
    }

    private func load(_ database: Database) throws {
        isComplete = next <= TupleDictionary.small
        guard isComplete, next > 0 else { return }
        let all = try RawStatement(database, "SELECT \(Key.columns.joined(separator: ", ")), \(Key.idColumn) FROM \(Key.table)")
        while try all.step() {
            for column in 0..<known.width { words[column] = all.integer(Int32(column)) }
            known.insert(words, all.integer(Int32(known.width)))
        }
        all.reset()
    }

    deinit {
        words.deallocate()
    }

    private static func last(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(\(Key.idColumn)), 0) FROM \(Key.table)") ?? 0
    }

    @inline(__always)
    package func id(_ key: Key) throws -> Int64 {
        key.write(to: words)
        if let id = known.find(words) { return id }
        return try learn()
    }

    @inline(never)
    private func learn() throws -> Int64 {
        var found: Int64?
        if !isComplete {
            try lane?.own()
            try flush()
            bind(to: select, from: 1)
            if try select.step() { found = select.integer(0) }
            select.reset()
        }
        let id: Int64
        if let found {
            id = found
        } else {
            next += 1
            id = next
            unwritten.append(id)
            for column in 0..<known.width { unwritten.append(words[column]) }
            if lane == nil { try flush() }
        }
        if known.count >= limit {
            known.removeAll()
            isComplete = false
        }
        known.insert(words, id)
        return id
    }

    /// Writes what was held back; the caller owns the lane.
    package func flush() throws {
        guard !unwritten.isEmpty else { return }
        for start in stride(from: 0, to: unwritten.count, by: known.width + 1) {
            for column in 0...known.width { insert.bind(Int32(column + 1), unwritten[start + column]) }
            try insert.run()
        }
        unwritten.removeAll(keepingCapacity: true)
    }

    private func bind(to statement: RawStatement, from index: Int32) {
        for column in 0..<known.width { statement.bind(index + Int32(column), words[column]) }
    }
}

/// Who, from where.
package struct OriginKey: TupleKey {
    package static let table = "origin"
    package static let idColumn = "origin_id"
    package static let columns = ["principal", "principal_id", "principal_kind", "service_key", "device", "client_ip", "location"]

    var principal: Int64
    var principalID: Int64
    var principalKind: Int64
    var serviceKey: Int64
    var device: Int64
    var clientIP: Int64
    var location: Int64

    package init(
        principal: Int64, principalID: Int64, principalKind: Int64, serviceKey: Int64, device: Int64, clientIP: Int64, location: Int64
    ) {
        self.principal = principal
        self.principalID = principalID
        self.principalKind = principalKind
        self.serviceKey = serviceKey
        self.device = device
        self.clientIP = clientIP
        self.location = location
    }

    /// From a row that has `columns` from one on.
    init(_ row: RawStatement, from first: Int32) {
        principal = row.integer(first)
        principalID = row.integer(first + 1)
        principalKind = row.integer(first + 2)
        serviceKey = row.integer(first + 3)
        device = row.integer(first + 4)
        clientIP = row.integer(first + 5)
        location = row.integer(first + 6)
    }

    package func write(to words: UnsafeMutablePointer<Int64>) {
        words[0] = principal
        words[1] = principalID
        words[2] = principalKind
        words[3] = serviceKey
        words[4] = device
        words[5] = clientIP
        words[6] = location
    }
}

/// What, through which Connector.
package struct TargetKey: TupleKey {
    package static let table = "target"
    package static let idColumn = "target_id"
    package static let columns = [
        "address", "connector_id", "connector", "network_id", "network", "resource_id", "applied_rule", "protocol", "port",
    ]

    var address: Int64
    var connectorID: Int64
    var connector: Int64
    var networkID: Int64
    var network: Int64
    var resourceID: Int64
    var appliedRule: Int64
    var transport: Int64
    var port: Int64

    package init(
        address: Int64, connectorID: Int64, connector: Int64, networkID: Int64, network: Int64, resourceID: Int64, appliedRule: Int64,
        transport: Int64, port: Int64
    ) {
        self.address = address
        self.connectorID = connectorID
        self.connector = connector
        self.networkID = networkID
        self.network = network
        self.resourceID = resourceID
        self.appliedRule = appliedRule
        self.transport = transport
        self.port = port
    }

    /// From a row that has `columns` from one on.
    init(_ row: RawStatement, from first: Int32) {
        address = row.integer(first)
        connectorID = row.integer(first + 1)
        connector = row.integer(first + 2)
        networkID = row.integer(first + 3)
        network = row.integer(first + 4)
        resourceID = row.integer(first + 5)
        appliedRule = row.integer(first + 6)
        transport = row.integer(first + 7)
        port = row.integer(first + 8)
    }

    package func write(to words: UnsafeMutablePointer<Int64>) {
        words[0] = address
        words[1] = connectorID
        words[2] = connector
        words[3] = networkID
        words[4] = network
        words[5] = resourceID
        words[6] = appliedRule
        words[7] = transport
        words[8] = port
    }
}

/// Relays and tunnel.
package struct RouteKey: TupleKey, Equatable {
    package static let table = "route"
    package static let idColumn = "route_id"
    package static let columns = ["relays", "tunnel_path", "tunnel_protocol"]

    var relays: Int64 = 0
    var tunnelPath: Int64 = 0
    var tunnelProtocol: Int64 = 0

    package init(
        relays: Int64 = 0, tunnelPath: Int64 = 0, tunnelProtocol: Int64 = 0
    ) {
        self.relays = relays
        self.tunnelPath = tunnelPath
        self.tunnelProtocol = tunnelProtocol
    }

    package var isEmpty: Bool { self == RouteKey() }

    package func write(to words: UnsafeMutablePointer<Int64>) {
        words[0] = relays
        words[1] = tunnelPath
        words[2] = tunnelProtocol
    }
}

/// What else a Connector said: errors, reasons, the policy that it enforced.
package struct RemarkKey: TupleKey, Equatable {
    package static let table = "remark"
    package static let idColumn = "remark_id"
    package static let columns = [
        "error", "close_reason", "requested", "decision_effect", "decision_reason", "policy_version", "policy_digest",
    ]

    var error: Int64 = 0
    var closeReason: Int64 = 0
    var requested: Int64 = 0
    var decisionEffect: Int64 = 0
    var decisionReason: Int64 = 0
    var policyVersion: Int64 = -1
    var policyDigest: Int64 = 0

    package init(
        error: Int64 = 0, closeReason: Int64 = 0, requested: Int64 = 0, decisionEffect: Int64 = 0, decisionReason: Int64 = 0,
        policyVersion: Int64 = -1, policyDigest: Int64 = 0
    ) {
        self.error = error
        self.closeReason = closeReason
        self.requested = requested
        self.decisionEffect = decisionEffect
        self.decisionReason = decisionReason
        self.policyVersion = policyVersion
        self.policyDigest = policyDigest
    }

    var isEmpty: Bool { self == RemarkKey() }

    /// Takes in what `other` has; where both say something, the lesser.
    mutating func join(_ other: RemarkKey, _ precedence: RecordPrecedence) throws {
        error = try precedence.text(error, other.error)
        closeReason = try precedence.text(closeReason, other.closeReason)
        requested = try precedence.text(requested, other.requested)
        decisionEffect = try precedence.text(decisionEffect, other.decisionEffect)
        decisionReason = try precedence.text(decisionReason, other.decisionReason)
        policyDigest = try precedence.text(policyDigest, other.policyDigest)
        if policyVersion == -1 || other.policyVersion == -1 {
            policyVersion = max(policyVersion, other.policyVersion)
        } else {
            policyVersion = min(policyVersion, other.policyVersion)
        }
    }

    package func write(to words: UnsafeMutablePointer<Int64>) {
        words[0] = error
        words[1] = closeReason
        words[2] = requested
        words[3] = decisionEffect
        words[4] = decisionReason
        words[5] = policyVersion
        words[6] = policyDigest
    }
}

/// An edge: who, from where, to what, through which Connector, with what outcome and verdict.
package struct EdgeKey: TupleKey, Hashable {
    package static let table = "edge"
    package static let idColumn = "edge_id"
    package static let columns = ["origin_id", "target_id", "outcome", "judgement_id"]

    var origin: Int64
    var target: Int64
    /// 1 denied, 2 failed, 3 allowed.
    var outcome: Int64
    /// 0: not judged.
    var judgement: Int64

    package init(
        origin: Int64, target: Int64, outcome: Int64, judgement: Int64
    ) {
        self.origin = origin
        self.target = target
        self.outcome = outcome
        self.judgement = judgement
    }

    package func write(to words: UnsafeMutablePointer<Int64>) {
        words[0] = origin
        words[1] = target
        words[2] = outcome
        words[3] = judgement
    }
}

/// What the policy engine said.
package struct JudgementKey: Hashable {
    var verdict = ""
    var reason = ""
    var expectedResourceID = ""
    var qualifiers = ""
    var policyVersion = ""

    package init(
        verdict: String = "", reason: String = "", expectedResourceID: String = "", qualifiers: String = "", policyVersion: String = ""
    ) {
        self.verdict = verdict
        self.reason = reason
        self.expectedResourceID = expectedResourceID
        self.qualifiers = qualifiers
        self.policyVersion = policyVersion
    }
}

/// The table `judgement`: every answer of the policy engine once, numbered.
package final class JudgementDictionary {
    /// Answers remembered; forgotten when more.
    private static let limit = 100_000

    private let select: RawStatement
    private let insert: RawStatement
    private var known: [JudgementKey: Int64] = [:]
    private var next: Int64

    package init(_ database: Database) throws {
        let columns = ["class", "reason", "expected_resource_id", "qualifiers", "policy_version"]
        select = try RawStatement(
            database, "SELECT judgement_id FROM judgement WHERE \(columns.map { "\($0) = ?" }.joined(separator: " AND "))")
        insert = try RawStatement(
            database, "INSERT INTO judgement (\(columns.joined(separator: ", ")), judgement_id) VALUES (?, ?, ?, ?, ?, ?)")
        next = try JudgementDictionary.last(database)
    }

    private static func last(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(judgement_id), 0) FROM judgement") ?? 0
    }

    package func id(_ key: JudgementKey) throws -> Int64 {
        if let id = known[key] { return id }
        JudgementDictionary.bind(key, to: select)
        let found = try select.step() ? select.integer(0) : nil
        select.reset()
        let id: Int64
        if let found {
            id = found
        } else {
            next += 1
            id = next
            JudgementDictionary.bind(key, to: insert)
            insert.bind(6, id)
            try insert.run()
        }
        if known.count >= JudgementDictionary.limit { known.removeAll() }
        known[key] = id
        return id
    }

    private static func bind(_ key: JudgementKey, to statement: RawStatement) {
        statement.bind(1, text: key.verdict)
        statement.bind(2, text: key.reason)
        statement.bind(3, text: key.expectedResourceID)
        statement.bind(4, text: key.qualifiers)
        statement.bind(5, text: key.policyVersion)
    }
}
