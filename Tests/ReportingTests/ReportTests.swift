import Detection
import FlowModel
import FlowStore
import Foundation
import QueryCatalogue
import QueryLibrary
import Reporting
import TenantFixture
import Testing

/// Reports of real records.
struct ReportTests {
    static let now = Timestamp(milliseconds: SmallTenant.start + 86_400_000)

    static func build(
        _ database: AuditDatabase, _ template: String = "compliance", period: String = "2026-10-08",
        parameters: [String: String] = [:]
    ) throws -> Report {
        let library = QueryLibrary.builtIn
        let argument = try #require(PeriodArgument(period, now: now))
        var request = ReportBuilder.Request(
            template: try library.template(template), period: argument, software: "twin-audit test")
        request.parameters = parameters
        return try ReportBuilder(database: database, library: library).build(request, now: now)
    }

    /// A section's rows as text, by column.
    static func rows(_ report: Report, _ id: String) throws -> [[String: String]] {
        let section = try #require(report.sections.first { $0.id == id })
        guard case .table(let table) = section.content else { throw Missing() }
        return table.rows.map { row in
            Dictionary(
                uniqueKeysWithValues: zip(table.columns, row).map { column, value in
                    switch value {
                    case .value(let value): (column.name, value.plain)
                    case .evidence(let evidence): (column.name, evidence.map { "line \($0.line)" }.joined(separator: ","))
                    }
                })
        }
    }

    struct Missing: Error {}

    @Test("who was let through against policy, with the records that prove it")
    func compliance() throws {
        let tenant = try SmallTenant()
        let report = try ReportTests.build(try tenant.ingest(SmallTenant.mixed))
        #expect(report.conclusion == .violations)
        #expect(
            report.verdict == "4 of 6 judged connections were not what policy says (4 over-permitted); 9 findings are high or critical.")
        let violations = try ReportTests.rows(report, "violations")
        #expect(
            violations.map { [$0["principal"], $0["destination"], $0["connector"], $0["reason"], $0["flow_ids"]] } == [
                ["bob@example.com", "db.example.internal:5432/tcp", "c11", "principal-disabled", "line 3"],
                ["ann@example.com", "mail.example.com:5432/tcp", "c11", "bypass-resource", "line 5"],
                ["ann@example.com", "wiki.example.internal:5432/tcp", "c11", "wrong-network", "line 7"],
                ["ann@example.com", "db.example.internal:5432/tcp", "c99", "unknown-connector", "line 10"],
            ])
        #expect(try ReportTests.rows(report, "denied").map { $0["reason"] } == ["no-resource"])
        let policies = try ReportTests.rows(report, "policies")
        #expect(policies.map { $0["version"] } == ["1"])
        #expect(policies.first?["digest"]?.utf8.count == 64)
        #expect(try ReportTests.rows(report, "sources").map { $0["events"] } == ["11"])
        #expect(try ReportTests.rows(report, "connectors").map { $0["in_policy"] }.sorted { ($0 ?? "") < ($1 ?? "") } == ["no", "yes"])
    }

    @Test("a period without flaws")
    func clean() throws {
        let tenant = try SmallTenant()
        let report = try ReportTests.build(try tenant.ingest([SmallTenant.Flow(at: SmallTenant.start)]))
        #expect(report.conclusion == .clean)
        #expect(report.verdict == "All 1 connections that could be judged were what policy says.")
        #expect(!report.hasFinding(atLeast: .low))
    }

    @Test("an empty period, and one that nobody judged, say so", arguments: [true, false])
    func undecidable(isEmpty: Bool) throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed, policy: isEmpty)
        let report = try ReportTests.build(database, period: isEmpty ? "2026-10-01" : "2026-10-08")
        #expect(report.conclusion == .undecidable)
        #expect(
            report.verdict
                == (isEmpty
                    ? "There are no connections in the period: nothing was examined."
                    : "None of the 6 connections could be judged: no policy in force is known for them."))
        for format in ReportFormat.allCases { #expect(!report.files(format).isEmpty) }
    }

    @Test("every template can be built, in every form", arguments: ["compliance", "access-review", "incident"])
    func templates(template: String) throws {
        let tenant = try SmallTenant()
        let about = template == "incident" ? ["resource": "db.example.internal"] : [:]
        let report = try ReportTests.build(try tenant.ingest(SmallTenant.mixed), template, parameters: about)
        let ids = report.sections.map(\.id)
        #expect(report.files(.html).map(\.name) == ["report.html"])
        #expect(report.files(.json).map(\.name) == ["report.json"])
        #expect(report.files(.markdown).map(\.name) == ["report.md"])
        #expect(report.files(.csv).map(\.name) == ids.map { $0 + ".csv" })
        let json = try #require(report.files(.json).first)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.text.utf8)) as? [String: Any])
        #expect((object["sections"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == ids)
    }

    @Test("an incident is about what was asked, and nothing else can be asked")
    func incident() throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        let report = try ReportTests.build(database, "incident", parameters: ["principal": "bob@*"])
        #expect(try ReportTests.rows(report, "incident-timeline").map { $0["principal"] } == ["bob@example.com"])
        let findings = report.sections.compactMap { if case .findings(let findings) = $0.content { findings } else { nil } }
        #expect(Set(findings.joined().map(\.principal)) == ["bob@example.com"])
        let failure = #expect(throws: QueryFailure.self) {
            try ReportTests.build(database, "incident", parameters: ["device": "51"])
        }
        #expect(failure?.message == "template `incident` has no parameter `device`; it has `principal`, `resource`, `connector`")
        #expect(failure?.kind == .usage)
    }

    @Test("what could not be checked is said")
    func limits() throws {
        let tenant = try SmallTenant()
        let report = try ReportTests.build(try tenant.ingest(SmallTenant.mixed), period: "2026-W41")
        let notes =
            report.sections.compactMap { section -> [String]? in
                if case .notes(let notes) = section.content { notes } else { nil }
            }.first ?? []
        #expect(notes.contains("The records begin at 2026-10-08T06:00:00Z; nothing is known of the period before."))
        #expect(notes.contains("The last connection began at 2026-10-08T06:05:00Z; nothing is known of the period after it."))
        #expect(notes.contains("The period was not over when this report was made."))
        #expect(notes.contains("1 of 1 files are no journals: nothing shows whether lines are missing from them."))
        #expect(notes.contains { $0.hasPrefix("Not examined, because there are no journals in the database: journal.gap") })
        #expect(notes.contains { $0.contains("a Connector that lies") })
    }
}
