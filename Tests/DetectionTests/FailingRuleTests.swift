import FlowModel
import FlowStore
import Foundation
import TenantFixture
import Testing

@testable import Detection
@testable import QueryCatalogue
@testable import QueryLibrary

/// A rule that fails is told of, and takes nothing with it.
struct FailingRuleTests {
    static func rule(_ id: String, sql: String) throws -> DetectionRule {
        try DetectionRule(
            """
            /* ---
            id: \(id)
            title: t
            severity: high
            question: q
            description: d
            precisely: p
            witness: connector
            needs: [flows]
            subject: [principal_id]
            explanation: "{principal_id}"
            status: stable
            --- */
            \(sql)
            """, path: "\(id).sql")
    }

    private static let sound = """
        SELECT principal_id, min(started_at) AS first_seen, max(started_at) AS last_seen, count(*) AS count FROM flow GROUP BY 1
        """

    @Test(
        "the others are run, and its older findings stay as they are",
        arguments: [
            // While it is compiled, after some rows, and by its answer.
            ("SELECT nowhere FROM flow", "test.b.sql:14: no such column: nowhere"),
            (
                "SELECT principal_id, 0 AS first_seen, json(iif(row_number() OVER () = 1, '{}', '{')) AS last_seen, 1 AS count FROM flow",
                "test.b.sql:14: malformed JSON"
            ),
            (
                "SELECT abs(-9223372036854775807 - 1) AS principal_id, 0 AS first_seen, 0 AS last_seen, 1 AS count",
                "test.b.sql:14: integer overflow"
            ),
            ("SELECT principal_id, 1 AS count FROM flow", "test.b.sql:14: the statement gives no column `first_seen`"),
            (
                "SELECT * FROM flow_fact",
                "test.b.sql:14: the statement reads the private table `flow_fact`; use the views of docs/database-views.md"
            ),
        ])
    func others(sql: String, why: String) throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        func run(_ rules: [DetectionRule]) throws -> (outcome: DetectionOutcome, gone: [Finding]) {
            let outcome = try Detector(database: database, rules: rules).run(now: Timestamp(milliseconds: SmallTenant.start))
            return (outcome, try FindingStore.store(outcome, in: AuditDatabase(path: tenant.databasePath, mode: .readWrite)))
        }
        let names = ["test.a", "test.b", "test.c"]
        let first = try run(names.map { try FailingRuleTests.rule($0, sql: FailingRuleTests.sound) })
        #expect(first.outcome.failed.isEmpty && !first.outcome.isUndecidable)
        let expected = first.outcome.findings.count / 3
        #expect(expected == 2)
        let second = try run(names.map { try FailingRuleTests.rule($0, sql: $0 == "test.b" ? sql : FailingRuleTests.sound) })
        #expect(second.outcome.failed.map(\.rule.id) == ["test.b"] && second.outcome.failed.map(\.why) == [why])
        #expect(second.outcome.examined.map(\.id) == ["test.a", "test.c"])
        #expect(second.outcome.isUndecidable)
        #expect(second.gone.isEmpty)
        #expect(second.outcome.findings.count == expected * 2)
        // In the third run they are still known.
        let third = try run(names.map { try FailingRuleTests.rule($0, sql: FailingRuleTests.sound) })
        #expect(third.outcome.findings.allSatisfy { $0.status == .ongoing })
    }
}
