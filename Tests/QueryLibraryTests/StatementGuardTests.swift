import FlowModel
import FlowStore
import TenantFixture
import Testing

@testable import QueryCatalogue
@testable import QueryLibrary

/// Statements that people type can read and nothing else.
struct StatementGuardTests {
    static func run(_ sql: String) throws -> [[StoredValue]] {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        var rows: [[StoredValue]] = []
        try QueryRunner(database: database).run(sql: sql, row: { rows.append($0) })
        return rows
    }

    @Test(
        "reading works",
        arguments: [
            ("SELECT count(*) FROM flow", [[StoredValue.integer(6)]]),
            (
                "WITH f AS (SELECT outcome FROM flow) SELECT outcome, count(*) FROM f GROUP BY 1 ORDER BY 1",
                [[.text("allowed"), .integer(5)], [.text("denied"), .integer(1)]]
            ),
            ("SELECT name FROM pragma_table_info('policy_snapshot') LIMIT 1", [[.text("snapshot_id")]]),
            (
                "VALUES (1), (NULL), ('a'), (x'00ff'), (1.5)",
                [[.integer(1)], [.null], [.text("a")], [.blob([0, 255])], [.real(1.5)]]
            ),
            ("SELECT 1 WHERE 0;", []),
            ("SELECT sum(value) FROM json_each('[1,2]')", [[.integer(3)]]),
        ])
    func reading(sql: String, rows: [[StoredValue]]) throws {
        #expect(try StatementGuardTests.run(sql) == rows)
    }

    @Test(
        "everything else is refused in one sentence",
        arguments: [
            ("DELETE FROM flow_fact", "the statement changes the database; only reading is possible here"),
            ("UPDATE setting SET value = ''", "the statement changes the database; only reading is possible here"),
            ("CREATE TEMP TABLE t (a)", "the statement changes the database; only reading is possible here"),
            ("DROP VIEW flow", "the statement changes the database; only reading is possible here"),
            ("VACUUM INTO '/tmp/x'", "cannot VACUUM from within a transaction"),
            ("ATTACH '/tmp/x' AS x", "the statement attaches another database"),
            ("PRAGMA writable_schema = 1", "the statement uses PRAGMA writable_schema"),
            ("PRAGMA query_only = 0", "the statement uses PRAGMA query_only"),
            ("BEGIN", "the statement controls transactions"),
            ("SELECT load_extension('x')", "the statement loads code"),
            ("SELECT nowhere FROM flow", "no such column: nowhere"),
            ("SELEC 1", "near \"SELEC\": syntax error"),
            ("SELECT 1; SELECT 2", "needs exactly one statement"),
            ("SELECT :user", "the statement uses `:user`, which nothing declares"),
            ("SELECT ?", "the statement uses `:?`, which nothing declares"),
        ])
    func refusing(sql: String, message: String) throws {
        let failure = #expect(throws: QueryFailure.self) { try StatementGuardTests.run(sql) }
        #expect(failure?.message == message)
        #expect(failure?.kind == .refused)
    }

    /// What a statement of the library is told.
    static func refusal(_ sql: String) throws -> String? {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        let failure = #expect(throws: QueryFailure.self, "\(sql)") {
            try database.read { try QueryRunner.run($0, viewsOnly: sql, period: .all) { _ in } }
        }
        return failure?.message
    }

    @Test(
        "no way to name it opens a private table",
        arguments: [
            "SELECT * FROM flow_fact",
            "SELECT * FROM main.flow_fact",
            "SELECT * FROM \"main\".[flow_fact]",
            "SELECT * FROM `Flow_Fact` AS flow",
            "SELECT count(*) FROM main.flow_fact",
            "SELECT 1 FROM flow, main.flow_fact LIMIT 1",
            "SELECT 1 FROM flow JOIN main.flow_fact",
            "SELECT (SELECT max(started_at) FROM main . flow_fact)",
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM/**/main./**/flow_fact)",
            "SELECT 1 FROM flow UNION SELECT state FROM flow_fact",
            "WITH session_use AS (SELECT * FROM flow_fact) SELECT * FROM session_use",
            "WITH flow AS (SELECT * FROM flow_fact) SELECT * FROM flow",
            "WITH flow AS (SELECT * FROM main.flow_fact) SELECT count(*) FROM flow",
            "WITH Flow (a) AS NOT MATERIALIZED (SELECT state FROM flow_fact) SELECT a FROM flow",
            "WITH f AS (SELECT 1), flow AS MATERIALIZED (SELECT state FROM flow_fact) SELECT * FROM f, flow",
            "WITH RECURSIVE \"flow\" (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM flow, flow_fact WHERE n < 3) SELECT * FROM flow",
            "SELECT * FROM (SELECT * FROM flow_fact) AS flow",
            "SELECT * FROM (WITH access AS (SELECT * FROM flow_fact) SELECT * FROM access) AS session",
            "SELECT count(*) OVER (ORDER BY (SELECT count(*) FROM flow_fact)) FROM flow",
        ])
    func privateTables(sql: String) throws {
        #expect(try StatementGuardTests.refusal(sql)?.lowercased().contains("reads the private table `flow_fact`") == true)
    }

    @Test(
        "nor does anything else that SQLite has to offer",
        arguments: [
            ("SELECT 1 WHERE 3 IN flow_fact", "sub-select returns 18 columns - expected 1"),
            ("SELECT value FROM setting", "the statement reads the private table `setting`"),
            ("SELECT * FROM grdb_migrations", "the statement reads the private table `grdb_migrations`"),
            ("SELECT sql FROM sqlite_master", "the statement reads the private table `sqlite_master`"),
            ("SELECT count(*) FROM sqlite_schema", "the statement reads the private table `sqlite_schema`"),
            ("SELECT count(*) FROM main.sqlite_master", "the statement reads the private table `sqlite_master`"),
            ("SELECT name FROM sqlite_temp_schema", "the statement reads the private table `sqlite_temp_master`"),
            ("SELECT name FROM pragma_table_info('flow_fact')", "the statement reads the private table `sqlite_master`"),
            ("SELECT count(*) FROM pragma_table_list", "the statement reads the private table `sqlite_master`"),
            ("SELECT file FROM pragma_database_list", "the statement reads the private table `sqlite_master`"),
            ("PRAGMA table_info(flow_fact)", "the statement uses PRAGMA table_info"),
            ("ATTACH '/tmp/x' AS x", "the statement attaches another database"),
            ("SELECT load_extension('x')", "the statement loads code"),
            ("SELECT LOAD_EXTENSION('x')", "the statement loads code"),
            ("SELECT readfile('/etc/passwd')", "no such function: readfile"),
            ("SELECT writefile('/tmp/x', 'y')", "no such function: writefile"),
            ("SELECT * FROM temp.flow", "no such table: temp.flow"),
            ("SELECT * FROM nowhere", "no such table: nowhere"),
            ("CREATE TEMP VIEW flow AS SELECT * FROM main.flow_fact", "the statement changes the database; only reading is possible here"),
            ("DELETE FROM flow", "cannot modify flow because it is a view"),
            ("SELECT 1 FROM flow; SELECT 1 FROM flow_fact", "needs exactly one statement"),
        ])
    func otherTables(sql: String, message: String) throws {
        let said = try StatementGuardTests.refusal(sql)
        #expect(said?.hasPrefix(message) == true, "\(said ?? "nothing")")
    }

    @Test(
        "names that a statement gives itself are no matter",
        arguments: [
            "WITH flow AS (SELECT 1) SELECT count(*) FROM flow",
            "WITH flow_fact AS (SELECT 1) SELECT count(*) FROM flow_fact",
            "WITH session_use AS (SELECT flow_id FROM flow) SELECT count(*) FROM session_use, json_each('[1]')",
            "SELECT json_each.value FROM json_each('[1,2]'), (SELECT count(*) FROM main.access) AS flow_fact",
            "SELECT count(*) FROM flow f WHERE f.flow_id IN (SELECT first_flow FROM access)",
            "SELECT sum(flows) OVER (ORDER BY hour_at) FROM access ORDER BY 1",
        ])
    func ownNames(sql: String) throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        let rows = try database.read { connection in
            var rows = 0
            try QueryRunner.run(connection, viewsOnly: sql, period: .all, row: { _ in rows += 1 })
            return rows
        }
        #expect(rows > 0)
    }

    @Test("a refused statement leaves the connection usable")
    func afterwards() throws {
        let tenant = try SmallTenant()
        let runner = QueryRunner(database: try tenant.ingest(SmallTenant.mixed))
        #expect(throws: QueryFailure.self) { try runner.run(sql: "DELETE FROM flow_fact", row: { _ in }) }
        var rows = 0
        try runner.run(sql: "SELECT * FROM access", row: { _ in rows += 1 })
        #expect(rows == 6)
    }
}
