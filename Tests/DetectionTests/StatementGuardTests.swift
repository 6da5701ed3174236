import AuditStore
import TenantFixture
import Testing

@testable import Detection

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

    @Test(
        "what a statement reads from is seen",
        arguments: [
            ("SELECT a FROM b", ["b"]),
            ("SELECT a, c FROM b x, d JOIN e ON e.f = d.g, h WHERE i, j IN (k, l) ORDER BY m, n", ["b", "d", "e", "h"]),
            ("WITH q AS (SELECT a, b FROM c) SELECT (SELECT d FROM e), f FROM q GROUP BY g, h", ["c", "e", "q"]),
            ("SELECT 'FROM a' -- FROM b\n/* FROM c */ FROM d UNION SELECT e, f FROM g", ["d", "g"]),
            ("SELECT CAST(a AS text), extract(b, c) FROM json_each(d, e), \"edge\"", ["json_each", "edge"]),
            ("SELECT 'unfinished", []),
        ] as [(String, Set<String>)])
    func fromClause(sql: String, names: Set<String>) {
        #expect(FromClause.names(sql) == names)
    }

    @Test(
        "no name that a statement gives itself opens a private table",
        arguments: [
            "WITH session_use AS (SELECT * FROM flow_fact) SELECT * FROM session_use",
            "WITH flow AS (SELECT * FROM flow_fact) SELECT * FROM flow",
            "WITH Flow (a) AS NOT MATERIALIZED (SELECT state FROM flow_fact) SELECT a FROM flow",
            "WITH f AS (SELECT 1), flow AS MATERIALIZED (SELECT state FROM flow_fact) SELECT * FROM f, flow",
            "SELECT * FROM (SELECT * FROM flow_fact) AS flow",
        ])
    func ownNames(sql: String) throws {
        let tenant = try SmallTenant()
        let runner = QueryRunner(database: try tenant.ingest(SmallTenant.mixed))
        let failure = #expect(throws: QueryFailure.self) { try runner.run(viewsOnly: sql, period: .all, row: { _ in }) }
        #expect(failure?.message.contains("reads the private table `flow_fact`") == true)
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
