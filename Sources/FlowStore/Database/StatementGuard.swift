package import GRDB
internal import GRDBSQLite

/// Decides, while SQLite compiles a statement, what the statement may do.
///
/// Nothing guarded can write, attach, change settings or load code. What a statement of the library reads is decided by compiling it in a
/// database that has the public views and nothing else.
package final class StatementGuard {
    package enum Reach {
        /// Only the tables of these names; `modules` are those that are there without having been made.
        case only(Set<String>, modules: Set<String>)
        /// Any table, for reading.
        case everything
    }

    private let reach: Reach
    /// What the statement that was compiled last wanted, and may not.
    package private(set) var refusal: String?

    private init(_ reach: Reach) {
        self.reach = reach
    }

    /// Settings that tell something and change nothing.
    private static let harmlessPragmas: Set<String> = [
        "table_info", "table_xinfo", "table_list", "index_list", "index_info", "function_list", "compile_options",
    ]

    /// Runs `body` with every statement of the connection guarded.
    ///
    /// There is no authorizer afterwards, whichever there was: see `ConnectionCosts`.
    package static func guarding<Value>(
        _ database: Database, _ reach: Reach, _ body: (StatementGuard) throws -> Value
    ) throws -> Value {
        let statementGuard = StatementGuard(reach)
        return try withExtendedLifetime(statementGuard) {
            let pointer = Unmanaged.passUnretained(statementGuard).toOpaque()
            sqlite3_set_authorizer(
                database.sqliteConnection,
                { context, action, first, second, _, _ in
                    guard let context else { return SQLITE_DENY }
                    return Unmanaged<StatementGuard>.fromOpaque(context).takeUnretainedValue().decide(
                        action, first.map { String(cString: $0) }, second.map { String(cString: $0) })
                }, pointer)
            defer { sqlite3_set_authorizer(database.sqliteConnection, nil, nil) }
            return try body(statementGuard)
        }
    }

    private func decide(_ action: Int32, _ first: String?, _ second: String?) -> Int32 {
        switch action {
        case SQLITE_SELECT, SQLITE_RECURSIVE:
            return SQLITE_OK
        case SQLITE_UPDATE where first == "sqlite_master":
            // SQLite asks so when a table-valued function is used for the first time. A statement that really updates the schema is
            // refused by SQLite, since nothing here can make the schema writable.
            return SQLITE_OK
        case SQLITE_READ:
            guard let table = first?.lowercased(), !mayRead(table, isWithoutColumns: second?.isEmpty != false) else { return SQLITE_OK }
            return refuse("reads the private table `\(table)`; use the views of docs/database-views.md")
        case SQLITE_FUNCTION:
            return second?.lowercased() == "load_extension" ? refuse("loads code") : SQLITE_OK
        case SQLITE_PRAGMA:
            if case .everything = reach, let first, StatementGuard.harmlessPragmas.contains(first.lowercased()) { return SQLITE_OK }
            return refuse("uses PRAGMA \(first ?? "")")
        case SQLITE_ATTACH, SQLITE_DETACH:
            return refuse("attaches another database")
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
            return refuse("controls transactions")
        default:
            return refuse("changes the database; only reading is possible here")
        }
    }

    /// What no column is needed of may be a part that the statement itself names: then there is no table of that name, or the part hides
    /// it.
    private func mayRead(_ table: String, isWithoutColumns: Bool) -> Bool {
        guard case .only(let tables, let modules) = reach else { return true }
        if tables.contains(table) { return true }
        return isWithoutColumns && !modules.contains(table) && !table.hasPrefix("sqlite_") && !table.hasPrefix("pragma_")
    }

    private func refuse(_ what: String) -> Int32 {
        if refusal == nil { refusal = what }
        return SQLITE_DENY
    }
}
