internal import GRDB
internal import GRDBSQLite

/// Decides, while SQLite compiles a statement, what the statement may do.
///
/// Nothing guarded can write, attach, change settings or load code. Under `.publicViews` a table is reachable only through a
/// view: SQLite names, for each column read, the innermost view that reads it.
final class StatementGuard {
    enum Reach {
        /// Only what `docs/database-views.md` describes.
        case publicViews(Set<String>)
        /// Any table, for reading.
        case everything
    }

    private let reach: Reach
    /// Real tables; other names that are read are views, common table expressions or table-valued functions.
    private let tables: Set<String>
    /// What the statement itself reads from, in lower case.
    private let named: Set<String>
    /// Names that the statement gives to its own parts; SQLite reports them like views.
    private let defined: Set<String>
    private(set) var refusal: String?

    private init(_ reach: Reach, tables: Set<String>, sql: String) {
        self.reach = reach
        self.tables = tables
        named = FromClause.names(sql)
        defined = FromClause.defined(sql)
    }

    /// Settings that tell something and change nothing.
    private static let harmlessPragmas: Set<String> = [
        "table_info", "table_xinfo", "table_list", "index_list", "index_info", "function_list", "compile_options",
    ]

    /// Runs `body` with every statement of the connection guarded.
    ///
    /// The connection's own authorizer, with which GRDB follows what statements change, is not put back: a guarded connection must
    /// not observe changes afterwards.
    static func guarding<Value>(
        _ database: Database, _ reach: Reach, sql: String, _ body: (StatementGuard) throws -> Value
    ) throws -> Value {
        let tables = try String.fetchSet(
            database,
            sql: """
                SELECT name FROM sqlite_master WHERE type = 'table' UNION ALL VALUES ('sqlite_master'), ('sqlite_schema')
                """)
        let statementGuard = StatementGuard(reach, tables: tables, sql: sql)
        return try withExtendedLifetime(statementGuard) {
            let pointer = Unmanaged.passUnretained(statementGuard).toOpaque()
            sqlite3_set_authorizer(
                database.sqliteConnection,
                { context, action, first, second, _, accessor in
                    guard let context else { return SQLITE_DENY }
                    return Unmanaged<StatementGuard>.fromOpaque(context).takeUnretainedValue().decide(
                        action, first.map { String(cString: $0) }, second.map { String(cString: $0) },
                        accessor.map { String(cString: $0) })
                }, pointer)
            defer { sqlite3_set_authorizer(database.sqliteConnection, nil, nil) }
            return try body(statementGuard)
        }
    }

    private func decide(_ action: Int32, _ first: String?, _ second: String?, _ accessor: String?) -> Int32 {
        switch action {
        case SQLITE_SELECT, SQLITE_RECURSIVE:
            return SQLITE_OK
        case SQLITE_READ where first == "sqlite_master" && second == "ROWID":
            return SQLITE_OK
        case SQLITE_UPDATE where first == "sqlite_master":
            // SQLite asks so when a table-valued function is used for the first time. A statement that really updates the schema is
            // refused by SQLite, since nothing here can make the schema writable.
            return SQLITE_OK
        case SQLITE_READ:
            guard case .publicViews(let views) = reach, let table = first, tables.contains(table) else { return SQLITE_OK }
            // A fixture's table stands for the view of its name.
            if views.contains(table) { return SQLITE_OK }
            if let accessor, views.contains(accessor) || PublicViews.parts.contains(accessor),
                !defined.contains(accessor.lowercased())
            {
                return SQLITE_OK
            }
            // A table of a view of which no column is needed is reported without its name; then the statement itself must name it.
            if second?.isEmpty != false, !named.contains(table.lowercased()) { return SQLITE_OK }
            return refuse("reads the private table `\(table)`; use the views of docs/database-views.md")
        case SQLITE_FUNCTION:
            return second == "load_extension" ? refuse("loads code") : SQLITE_OK
        case SQLITE_PRAGMA:
            if let first, StatementGuard.harmlessPragmas.contains(first.lowercased()) { return SQLITE_OK }
            return refuse("uses PRAGMA \(first ?? "")")
        case SQLITE_ATTACH, SQLITE_DETACH:
            return refuse("attaches another database")
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
            return refuse("controls transactions")
        default:
            return refuse("changes the database; only reading is possible here")
        }
    }

    private func refuse(_ what: String) -> Int32 {
        if refusal == nil { refusal = what }
        return SQLITE_DENY
    }
}
