internal import CSQLiteBatch
internal import GRDB
internal import GRDBSQLite

/// What connections do by default that nobody here needs, and that costs.
enum ConnectionCosts {
    /// SQLite counts the memory it takes, under one lock of all threads, at each allocation. Can be stopped before the first connection of
    /// the process is opened; false when it was too late, which costs time and nothing else.
    static let isMemoryUncounted = twin_sqlite_stop_counting_memory() == SQLITE_OK

    /// GRDB follows which columns each statement reads, for observers of changes, as the statement is compiled; the views of this
    /// database have many. To be called when the schema is what it will be, since GRDB also notices changes of it so.
    static func stopFollowingStatements(_ database: Database) {
        sqlite3_set_authorizer(database.sqliteConnection, nil, nil)
    }
}
