public import GRDB

/// Names put beside the numbers of rows, once for many statements: what the views join from sixteen dictionaries for every row lies in one
/// row for each aggregate then, in temporary tables of the connection, over which temporary views of the same names and columns hide the
/// public ones.
///
/// A statement must see what it would have seen without: the tables are made and used in one transaction. They are SQLite's temporary
/// files, and take about 300 bytes an aggregate; memory is bounded by SQLite's cache.
public final class GatheredNames {
    static let aggregates = "aggregate_name"
    static let routes = "route_name"
    static let remarks = "remark_name"
    static let details = "detail"

    private let connection: Database
    /// Whether `access_detail` was gathered too.
    public private(set) var hasDetails = false

    /// Runs `body` with a connection whose views are quick to read; takes the temporary tables away again. Within a transaction.
    public static func with<Value>(_ connection: Database, _ body: (GatheredNames) throws -> Value) throws -> Value {
        let gathered = GatheredNames(connection)
        do {
            try gathered.writing { try gathered.gather() }
            let value = try body(gathered)
            try gathered.writing { try gathered.drop() }
            return value
        } catch {
            // The error is what is told; a connection that cannot even drop a temporary table ends with it.
            try? gathered.writing { try gathered.drop() }
            throw error
        }
    }

    private init(_ connection: Database) {
        self.connection = connection
    }

    /// Pages of the database, pages of temporary tables and rows that are being sorted which a connection holds in memory, KiB of each.
    private static let cacheKiB = 32 << 10

    private func gather() throws {
        try connection.execute(
            sql: "PRAGMA main.cache_size = -\(GatheredNames.cacheKiB); PRAGMA temp.cache_size = -\(GatheredNames.cacheKiB)")
        try make(
            GatheredNames.aggregates, "aggregate_id", Views.aggregateColumns,
            """
            FROM aggregate e CROSS JOIN client o ON o.client_id = e.client_id CROSS JOIN destination t ON t.destination_id = e.destination_id
            \(Views.namesOfAggregate)
            ORDER BY e.aggregate_id
            """, of: "e")
        try make(GatheredNames.routes, "route_id", Views.routeColumns, "FROM route", of: "route")
        try make(GatheredNames.remarks, "remark_id", Views.remarkColumns, "FROM remark r", of: "r")
        try connection.execute(
            sql: """
                CREATE TEMP VIEW flow AS \(Views.flow(.gathered));
                CREATE TEMP VIEW access AS \(Views.access(.gathered));
                """)
    }

    private func make(_ table: String, _ key: String, _ columns: [Views.NamedColumn], _ source: String, of row: String) throws {
        let declared = columns.map { "\($0.name)\($0.isText ? " TEXT" : "")" }.joined(separator: ", ")
        let selected = columns.map(\.of).joined(separator: ", ")
        try connection.execute(
            sql: """
                CREATE TEMP TABLE \(table) (\(key) INTEGER PRIMARY KEY, \(declared));
                INSERT INTO temp.\(table) SELECT \(row).\(key), \(selected) \(source);
                """)
    }

    /// Gathers `access_detail`, of flows that start from `since` on and before `until`, in ms: other rows of it are not there then.
    public func gatherDetails(since: Int64, until: Int64) throws {
        guard !hasDetails else { return }
        try writing {
            try connection.execute(
                sql: """
                    CREATE TEMP TABLE \(GatheredNames.details) (
                        hour, aggregate_id INTEGER, resource_ip INTEGER, route_id INTEGER, remark_id INTEGER, flows, open, orphans,
                        inferred_starts, unknown_starts, first_at, last_at, first_flow, last_flow);
                    CREATE TEMP VIEW access_detail AS \(Views.accessDetail(.gathered, rows: "temp.\(GatheredNames.details)"));
                    """)
            try FlowDetails(connection, into: "temp.\(GatheredNames.details)").gather(since: since, until: until)
        }
        hasDetails = true
    }

    private func drop() throws {
        try connection.execute(sql: "PRAGMA main.cache_size = -\(AuditDatabase.cacheKiB)")
        for view in ["access_detail", "access", "flow"] { try connection.execute(sql: "DROP VIEW IF EXISTS temp.\(view)") }
        for table in [GatheredNames.details, GatheredNames.remarks, GatheredNames.routes, GatheredNames.aggregates] {
            try connection.execute(sql: "DROP TABLE IF EXISTS temp.\(table)")
        }
    }

    /// Lets a connection that only reads write what is its own.
    private func writing(_ body: () throws -> Void) throws {
        guard try Bool.fetchOne(connection, sql: "PRAGMA query_only") == true else { return try body() }
        try connection.execute(sql: "PRAGMA query_only = 0")
        defer { try? connection.execute(sql: "PRAGMA query_only = 1") }
        try body()
    }
}
