import FlowModel
import FlowStore
import Foundation
import TenantFixture
import Testing

@testable import Detection
@testable import QueryCatalogue
@testable import QueryLibrary

/// Findings of real records: what they name, how they are told apart, and what becomes of them from run to run.
struct DetectorTests {
    static let now = Timestamp(milliseconds: SmallTenant.start + 86_400_000)

    static func detector(
        _ database: AuditDatabase, only prefix: String = "", overrides: [String] = [], suppressions: Suppressions = .none,
        evidenceLimit: Int = Detector.defaultEvidenceLimit
    ) throws -> Detector {
        let rules = try QueryLibrary.builtIn.detections().filter { $0.id.hasPrefix(prefix) }
        return try Detector(
            database: database, rules: rules, overrides: overrides.map { try ParameterOverride($0) }, suppressions: suppressions,
            evidenceLimit: evidenceLimit)
    }

    @Test("what policy forbids and what the tenant does not know is found, and nothing else")
    func mixed() throws {
        let tenant = try SmallTenant()
        let outcome = try DetectorTests.detector(try tenant.ingest(SmallTenant.mixed)).run(now: DetectorTests.now)
        let found = outcome.findings.map {
            "\($0.severity.rawValue) \($0.ruleID) \($0.principal ?? "-") \($0.connector ?? "-") \($0.count)"
        }
        #expect(
            found == [
                "critical access.disabled-principal bob@example.com c11 1",
                "critical connector.unknown - c99 1",
                "critical connector.unknown - c99 1",
                "critical policy.over-permitted bob@example.com c11 1",
                "critical policy.over-permitted ann@example.com c11 1",
                "critical policy.over-permitted ann@example.com c11 1",
                "critical policy.over-permitted ann@example.com c99 1",
                "high tunnel.bypass-carried ann@example.com c11 1",
                "high tunnel.wrong-network ann@example.com c11 1",
            ])
        #expect(outcome.examination == Examination.sample(flows: 6))
        #expect(!outcome.isUndecidable)
        #expect(outcome.failing(at: .critical).count == 7)
        #expect(outcome.failing(at: .info).count == 9)
    }

    @Test("evidence names file, line, offset and flow of the first records and the last")
    func evidence() throws {
        let tenant = try SmallTenant()
        let flows = (0..<9).map { SmallTenant.Flow(at: SmallTenant.start + Int64($0) * 3_600_000, user: "22", email: "bob@example.com") }
        let outcome = try DetectorTests.detector(
            try tenant.ingest(flows), only: "access.disabled", evidenceLimit: 3
        ).run(now: DetectorTests.now)
        let finding = try #require(outcome.findings.first)
        #expect(finding.count == 9)
        #expect(finding.evidence.map(\.line) == [1, 3, 17])
        #expect(finding.evidence.map(\.flowID) == [1, 2, 9])
        #expect(finding.evidence.map(\.connectionID) == ["connector.log-0", "connector.log-1", "connector.log-8"])
        #expect(finding.evidence.first?.offset == 0)
        #expect(finding.evidence.allSatisfy { $0.source == tenant.folder.appendingPathComponent("connector.log").path })
        #expect(
            finding.explanation
                == "bob@example.com was carried after being shut out (principal-disabled), to 1 destinations, among them db.example.internal; flows: 9"
        )
        #expect(finding.parameters == [.init(name: "identity_sync", value: .integer(3_600_000))])
    }

    @Test("an id is a digest of rule and subject, and stays")
    func ids() throws {
        let first = try SmallTenant()
        let second = try SmallTenant()
        let one = try DetectorTests.detector(try first.ingest(SmallTenant.mixed)).run(now: DetectorTests.now)
        // Other times, another file: the same trouble.
        let later = SmallTenant.mixed.map { flow in
            var flow = flow
            flow.at += 7_200_000
            return flow
        }
        let two = try DetectorTests.detector(try second.ingest(later, as: "other.log")).run(now: DetectorTests.now)
        #expect(Set(one.findings.map(\.id)) == Set(two.findings.map(\.id)))
        #expect(Set(one.findings.map(\.id)).count == one.findings.count)
        #expect(one.findings.allSatisfy { $0.id.utf8.count == 64 })
        // Changing how ids are made would make every known finding new.
        #expect(one.findings.first?.shortID == "9bf0b4e0dc7d")
    }

    @Test("new, ongoing, gone, and new again")
    func statuses() throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        let first = try DetectorTests.detector(database).run(now: DetectorTests.now)
        #expect(Set(first.findings.map(\.status)) == [.new])
        try database.close()
        func store(_ outcome: DetectionOutcome) throws -> [Finding] {
            let writable = try AuditDatabase(path: tenant.databasePath, mode: .readWrite)
            defer { try? writable.close() }
            return try FindingStore.store(outcome, in: writable)
        }
        func run(_ overrides: [String] = []) throws -> DetectionOutcome {
            let readable = try AuditDatabase(path: tenant.databasePath, mode: .readOnly)
            defer { try? readable.close() }
            return try DetectorTests.detector(readable, overrides: overrides).run(now: DetectorTests.now)
        }
        #expect(try store(first) == [])
        let second = try run()
        #expect(Set(second.findings.map(\.status)) == [.ongoing])
        #expect(second.findings.map(\.id) == first.findings.map(\.id))
        // Only two rules run: the findings of the others are not touched.
        var partial = second
        partial.examined = partial.examined.filter { $0.id == "connector.unknown" }
        partial.findings = []
        let gone = try store(partial)
        #expect(gone.map(\.ruleID) == ["connector.unknown", "connector.unknown"])
        #expect(gone.allSatisfy { $0.status == .gone })
        let third = try run()
        let statuses = Dictionary(grouping: third.findings, by: \.status).mapValues(\.count)
        #expect(statuses == [.new: 2, .ongoing: 7])
        #expect(try store(third) == [])
        #expect(Set(try run().findings.map(\.status)) == [.ongoing])
    }

    @Test("what was accepted is shown with the reason and does not count")
    func suppressions() throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        let text = """
            suppressions:
              - rule: connector.unknown
                subject: {connector_id: "99"}
                reason: a test Connector
                author: auditor
                expires: 2027-01-01
              - rule: access.disabled-principal
                subject: {principal: bob@example.com}
                reason: too late
                author: auditor
                expires: 2026-10-08T06:00:00Z
              - rule: journal.gap
                reason: archived segments
                author: auditor
                expires: 2027-01-01
            """
        let outcome = try DetectorTests.detector(
            database, suppressions: try Suppressions(text, path: "accepted.yaml")
        ).run(now: DetectorTests.now)
        let aside = outcome.findings.filter { $0.suppressedBy != nil }
        #expect(aside.map(\.ruleID) == ["connector.unknown"])
        #expect(aside.first?.suppressedBy == "auditor: a test Connector (until 2027-01-01T00:00:00Z)")
        #expect(outcome.failing(at: .critical).count == 6)
        #expect(
            outcome.suppressionNotes == [
                "accepted.yaml:7: the suppression expired at 2026-10-08T06:00:00Z and is not applied",
                "accepted.yaml:12: the suppression fits no finding",
            ])
    }

    @Test(
        "a suppressions file that cannot be meant is refused",
        arguments: [
            ("suppressions: [{reason: a, author: b, expires: 2027-01-01}]", "s.yaml:1: a suppression needs a `rule` or a `finding`"),
            (
                "suppressions: [{finding: abc, reason: a, author: b, expires: 2027-01-01}]",
                "s.yaml:1: `finding` needs at least 8 digits of the finding's id"
            ),
            ("suppressions: [{rule: r, author: b, expires: 2027-01-01}]", "s.yaml:1: a suppression needs a `reason`"),
            ("suppressions: [{rule: r, reason: a, author: b}]", "s.yaml:1: a suppression needs a `expires`"),
            (
                "suppressions: [{rule: r, reason: a, author: b, expires: soon}]",
                "s.yaml:1: `expires` must be a date or an RFC 3339 time, not `soon`"
            ),
            ("suppress: []", "s.yaml:1: the suppressions file has no key `suppress`; it may have `suppressions`"),
        ])
    func badSuppressions(text: String, message: String) {
        let failure = #expect(throws: QueryFailure.self) { try Suppressions(text, path: "s.yaml") }
        #expect(failure?.message == message)
    }

    @Test("having looked at nothing is undecidable, and says why")
    func nothing() throws {
        let tenant = try SmallTenant()
        let unjudged = try DetectorTests.detector(try tenant.ingest(SmallTenant.mixed, policy: false)).run(now: DetectorTests.now)
        #expect(unjudged.isUndecidable)
        let why = Dictionary(uniqueKeysWithValues: unjudged.notExamined.map { ($0.rule.id, $0.why) })
        #expect(
            why["policy.over-permitted"]
                == "no flow has a verdict; `twin-audit ingest --policy DIR` judges all flows by the snapshots in a directory")
        #expect(why["access.scan"] == nil)
        let elsewhere = Period(since: Timestamp("2027-01-01T00:00:00Z"))
        let empty = try DetectorTests.detector(try AuditDatabase(path: tenant.databasePath, mode: .readOnly)).run(
            period: elsewhere, now: DetectorTests.now)
        #expect(empty.isUndecidable)
        #expect(empty.notExamined.first { $0.rule.id == "access.scan" }?.why == "there are no flows in the period")
        // Rules that need no verdict are enough when only they were asked for.
        let only = try DetectorTests.detector(
            try AuditDatabase(path: tenant.databasePath, mode: .readOnly), only: "access.scan"
        ).run(now: DetectorTests.now)
        #expect(!only.isUndecidable)
        #expect(only.findings == [])
    }

    @Test(
        "parameters reach the rules, and wrong ones are refused",
        arguments: [
            ("access.denied-burst.targets=1", nil),
            ("targets=1", nil),
            ("access.denied-burst.targets=many", "parameter `targets` needs a whole number, not `many`"),
            (
                "access.denied-burst.limit=1",
                "rule `access.denied-burst` has no parameter `limit`; it has `window`, `targets`, `attempts`, `share`, `propagation`"
            ),
            ("nothing.here=1", "no rule `nothing` is selected; `detect --list` shows the rules"),
            ("nothing=1", "no selected rule has a parameter `nothing`"),
            ("targets", "`targets` must be written as `rule.name=value` or `name=value`"),
        ] as [(String, String?)])
    func parameters(argument: String, problem: String?) throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        guard let problem else {
            let outcome = try DetectorTests.detector(database, overrides: [argument]).run(now: DetectorTests.now)
            #expect(outcome.findings.contains { $0.ruleID == "access.denied-burst" })
            return
        }
        let failure = #expect(throws: QueryFailure.self) { try DetectorTests.detector(database, overrides: [argument]) }
        #expect(failure?.message == problem)
        #expect(failure?.kind == .usage)
    }
}

extension Examination {
    static func sample(flows: Int64) -> Examination {
        Examination(flows: flows, unjudgedFlows: 0, present: [.flows, .verdicts, .policies])
    }
}
