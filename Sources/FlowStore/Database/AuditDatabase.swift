public import GRDB
internal import Glibc

/// The database that ingest fills and questions are asked of. Derived from journals, logs and policies, and rebuildable from them.
public final class AuditDatabase: Sendable {
    public enum Mode: Sendable {
        /// The file must exist; nothing is written, not even beside it, unless a killed program left a transaction to undo.
        case readOnly
        /// The file must exist.
        case readWrite
        /// The file is made when missing.
        case create
    }

    public let path: String
    private let queue: DatabaseQueue
    private let configuration: Configuration

    /// How long a statement waits for another program's transaction: longer than a batch takes, shorter than patience.
    private static let busyTimeoutSeconds = 10.0
    /// Pages of 8 KiB held in memory, as negative KiB: enough for the inner pages of a database of a hundred million flows.
    static let cacheKiB = 64 << 10

    /// The same where pages are read about once: to use little memory again costs less than to fill much of it.
    private static let passingCacheKiB = 2 << 10

    /// Opens the database and, when it may be written, brings its schema up to date.
    public init(path: String, mode: Mode) throws(StoreFailure) {
        self.path = path
        let exists = access(path, F_OK) == 0
        if !exists, mode != .create {
            throw StoreFailure(.refused, "no database at `\(path)`; make one with `twin-audit ingest`, or name another with --db")
        }
        if exists, access(path, R_OK) != 0 {
            throw StoreFailure(.environment, "`\(path)`: no permission to read the database")
        }
        if mode == .readOnly { AuditDatabase.rollBackLeftovers(path) }
        do {
            var configuration = AuditDatabase.configuration(isReadOnly: mode == .readOnly)
            if !exists {
                configuration.prepareDatabase { database in
                    try database.execute(sql: "PRAGMA page_size = 8192; PRAGMA cache_size = -\(AuditDatabase.cacheKiB)")
                }
            }
            self.configuration = configuration
            queue = try AuditDatabase.connect(path, configuration)
            try AuditDatabase.checkAndMigrate(queue, path: path, isNew: !exists, mayWrite: mode != .readOnly)
            queue.inDatabase { ConnectionCosts.stopFollowingStatements($0) }
        } catch let error as StoreFailure {
            throw error
        } catch let error as DatabaseError {
            throw StoreFailure(error, path: path)
        } catch {
            throw StoreFailure(.environment, "`\(path)`: \(error)")
        }
    }

    private static func connect(_ path: String, _ configuration: Configuration) throws -> DatabaseQueue {
        _ = ConnectionCosts.isMemoryUncounted
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Settings of every connection.
    static func configuration(isReadOnly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cache_size = -\(cacheKiB)")
            try SaturatingSum.register(in: database)
        }
        return configuration
    }

    /// Undoes the transaction that a killed program left in the middle, which takes writing; a reader would be refused until then.
    private static func rollBackLeftovers(_ path: String) {
        var information = stat()
        guard stat(path + "-journal", &information) == 0, information.st_size > 0, access(path, W_OK) == 0 else { return }
        _ = try? connect(path, Configuration()).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
    }

    private static func checkAndMigrate(_ queue: DatabaseQueue, path: String, isNew: Bool, mayWrite: Bool) throws {
        let migrator = Schema.migrator
        let state = try queue.read { database -> (isOurs: Bool, isBlank: Bool, isEmpty: Bool, isNewer: Bool, isComplete: Bool) in
            let id = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let names = try Set(String.fetchAll(database, sql: "SELECT tbl_name FROM sqlite_master"))
            return (
                // Older versions that were killed while they made a database left it with the list of migrations alone.
                id == Schema.applicationID, names.isEmpty, names.subtracting(["grdb_migrations"]).isEmpty,
                try migrator.hasBeenSuperseded(database),
                try migrator.hasCompletedMigrations(database) && DerivedTables.isUpToDate(database)
            )
        }
        if !state.isEmpty, !state.isOurs {
            throw StoreFailure(.refused, "`\(path)` is a database of another program; name another file with --db")
        }
        if state.isNewer {
            throw StoreFailure(
                .refused, "`\(path)` was written by a newer version of twin-audit; use that version, or build a new database")
        }
        if !state.isComplete {
            guard mayWrite else {
                throw StoreFailure(.refused, "`\(path)` has an older schema; bring it up to date with `twin-audit db migrate`")
            }
            if state.isBlank {
                // In one transaction: whoever is killed meanwhile leaves nothing.
                try queue.write { database in
                    try Schema.create(in: database)
                    try DerivedTables.bringUpToDate(database)
                }
            } else {
                try migrator.migrate(queue)
                try queue.write { try DerivedTables.bringUpToDate($0) }
            }
        }
    }

    public func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try translating { try queue.read(body) }
    }

    /// As `read`, for a question that comes by each page about once.
    public func readOnce<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try read { try AuditDatabase.passing($0, body) }
    }

    /// Runs `body` while pages that were read are not kept for long.
    static func passing<Value>(_ connection: Database, _ body: (Database) throws -> Value) throws -> Value {
        try connection.execute(sql: "PRAGMA cache_size = -\(passingCacheKiB)")
        defer { try? connection.execute(sql: "PRAGMA cache_size = -\(cacheKiB)") }
        return try body(connection)
    }

    /// Runs `body` in one transaction.
    public func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try translating { try queue.write(body) }
    }

    /// Runs `body` outside a transaction, which it may open itself.
    public func withoutTransaction<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try translating { try queue.writeWithoutTransaction(body) }
    }

    /// A connection like this one's.
    func anotherConnection() throws -> DatabaseQueue {
        try translating {
            let queue = try AuditDatabase.connect(path, configuration)
            queue.inDatabase { ConnectionCosts.stopFollowingStatements($0) }
            return queue
        }
    }

    func translating<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw StoreFailure(error, path: path)
        }
    }

    public func close() throws {
        try translating { try queue.close() }
    }
}
