internal import Dispatch
internal import FlowModel
public import GRDB
internal import Glibc

extension AuditDatabase {
    /// Attempts to have all connections see the same state before one does all the work: writers commit every few seconds.
    private static let maxAttempts = 3
    /// Each part has its own memory of answers, up to 40 MB: more parts than this gain less than they cost.
    private static let maxParts = 8
    /// Parts that this machine can work on at the same time.
    public static let defaultParts = min(maxParts, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// Runs `body` for each of so many parts, at the same time, each with a connection of its own; all see the same state of the database.
    ///
    /// - Returns: what `body` returned, by part.
    public func readParts<Value: Sendable>(
        _ parts: Int, _ body: @escaping @Sendable (_ connection: Database, _ part: Int) throws -> Value
    ) throws -> [Value] {
        guard parts > 1 else { return [try readOnce { try body($0, 0) }] }
        for _ in 0..<AuditDatabase.maxAttempts {
            let values = try attempt(parts, isPassing: true, body).compactMap(\.self)
            if values.count == parts { return values }
        }
        return try readOnce { connection in try (0..<parts).map { try body(connection, $0) } }
    }

    /// Runs `body` at the same time on as many connections, up to that number, as see the same state of the database; for work that they
    /// take from one list, and that the first of them does alone when it must.
    ///
    /// - Returns: what `body` returned on each connection that ran it.
    public func readTogether<Value: Sendable>(
        _ connections: Int, _ body: @escaping @Sendable (_ connection: Database) throws -> Value
    ) throws -> [Value] {
        // Another connection to a database in memory is another database.
        guard connections > 1, path != AuditDatabase.inMemory else { return [try read(body)] }
        return try attempt(connections, isPassing: false) { connection, _ in try body(connection) }.compactMap(\.self)
    }

    private static let inMemory = ":memory:"

    /// Nil for a part when another program wrote while the connections were opened; the first is always there.
    private func attempt<Value: Sendable>(
        _ parts: Int, isPassing: Bool, _ body: @escaping @Sendable (Database, Int) throws -> Value
    ) throws -> [Value?] {
        let others = try (1..<parts).map { _ in try anotherConnection() }
        @Sendable func run(_ connection: Database, _ part: Int) throws -> Value {
            try isPassing ? AuditDatabase.passing(connection) { try body($0, part) } : body(connection, part)
        }
        // A connection's `data_version` differs when others wrote since it last looked: what is the same before the first connection
        // begins to read and after another one began is the same in between.
        let before = try others.map { try $0.read { try AuditDatabase.version($0) } }
        let results = Guarded<[Int: Result<Value?, any Error>]>([:])
        let group = DispatchGroup()
        let first = try read { connection -> Value in
            _ = try AuditDatabase.version(connection)
            for (index, other) in others.enumerated() {
                DispatchQueue.global().async(group: group) {
                    let result = Result {
                        try other.read { connection -> Value? in
                            guard try AuditDatabase.version(connection) == before[index] else { return nil }
                            return try run(connection, index + 1)
                        }
                    }
                    results.withLock { $0[index + 1] = result }
                }
            }
            // Others use what this call holds: they must have ended before it ends, also by an error.
            defer { group.wait() }
            return try run(connection, 0)
        }
        return try results.withLock { results in
            try [first] + (1..<parts).map { part in try translating { try results[part]?.get() ?? nil } }
        }
    }

    private static func version(_ connection: Database) throws -> Int64 {
        try Int64.fetchOne(connection, sql: "PRAGMA data_version") ?? 0
    }
}
