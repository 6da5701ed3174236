import FlowModel
import FlowStore
import TenantFixture
import Testing

@testable import Detection
@testable import QueryCatalogue
@testable import QueryLibrary

/// Rules that are run on several connections at once give what they give one after the other.
struct LaneTests {
    private static func run(_ database: AuditDatabase, _ rules: [DetectionRule], flowsPerLane: Int) throws -> DetectionOutcome {
        var detector = try Detector(database: database, rules: rules)
        detector.flowsPerLane = flowsPerLane
        return try detector.run(now: DetectorTests.now)
    }

    @Test("the same findings in the same order, the same rules not examined, the same failures")
    func same() throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        var rules = try QueryLibrary.builtIn.detections()
        rules.insert(try FailingRuleTests.rule("test.broken", sql: "SELECT nowhere FROM flow"), at: 7)
        let alone = try LaneTests.run(database, rules, flowsPerLane: .max)
        #expect(alone.findings.count == 9 && alone.failed.map(\.rule.id) == ["test.broken"] && !alone.notExamined.isEmpty)
        for _ in 0..<20 {
            let together = try LaneTests.run(database, rules, flowsPerLane: 1)
            #expect(together.findings == alone.findings)
            #expect(together.examined.map(\.id) == alone.examined.map(\.id))
            #expect(together.notExamined.map(\.rule.id) == alone.notExamined.map(\.rule.id))
            #expect(together.failed.map(\.rule.id) == alone.failed.map(\.rule.id))
            #expect(together.failed.map(\.why) == alone.failed.map(\.why))
            #expect(together.examination == alone.examination)
        }
        withExtendedLifetime(tenant) {}
    }

    @Test("each statement is run once, and a statement's error ends the run on every connection")
    func work() throws {
        struct Broken: Error {}
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        defer { withExtendedLifetime(tenant) {} }
        var lanes = StatementLanes(database: database, period: .all)
        lanes.fewestFlows = 1
        let statements = (0..<40).map { ["SELECT \($0) FROM access", "SELECT \($0) FROM flow", "SELECT \($0) FROM access_detail"][$0 % 3] }
        let (prepared, values) = try lanes.run(statements, prepare: { _ in 7 }) { _, prepared, place in prepared * 100 + place }
        #expect(prepared == 7 && values == (0..<40).map { 700 + $0 })
        for broken in [0, 17, 39] {
            #expect(throws: Broken.self) {
                try lanes.run(statements, prepare: { _ in 7 }) { _, _, place in
                    if place == broken { throw Broken() }
                    return place
                }
            }
        }
    }
}
