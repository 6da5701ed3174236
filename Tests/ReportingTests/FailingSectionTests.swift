import Detection
import FlowModel
import FlowStore
import Foundation
import QueryCatalogue
import QueryLibrary
import Reporting
import TenantFixture
import Testing

/// A section that fails is told of in its place, and takes nothing with it.
struct FailingSectionTests {
    /// A copy of the library with one file changed.
    static func library(_ tenant: SmallTenant, _ file: String, replacing text: String, with other: String) throws -> QueryLibrary {
        let copy = tenant.folder.appendingPathComponent("Queries")
        try FileManager.default.copyItem(atPath: SmallTenant.libraryRoot, toPath: copy.path)
        let path = copy.appendingPathComponent(file)
        let before = try String(contentsOf: path, encoding: .utf8)
        #expect(before.contains(text))
        try Data(before.replacingOccurrences(of: text, with: other).utf8).write(to: path)
        return try QueryLibrary(root: copy.path)
    }

    static func build(_ database: AuditDatabase, _ library: QueryLibrary) throws -> Report {
        let request = ReportBuilder.Request(
            template: try library.template("compliance"), period: try #require(PeriodArgument("2026-10-08", now: ReportTests.now)),
            software: "twin-audit test")
        return try ReportBuilder(database: database, library: library).build(request, now: ReportTests.now)
    }

    static func notes(_ report: Report, _ id: String) -> [String] {
        guard case .notes(let notes)? = report.sections.first(where: { $0.id == id })?.content else { return [] }
        return notes
    }

    @Test("a section that cannot be made")
    func section() throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        let whole = try ReportTests.build(database)
        let library = try FailingSectionTests.library(tenant, "report/denied.sql", replacing: "FROM access", with: "FROM acces")
        let report = try FailingSectionTests.build(database, library)
        #expect(report.sections.map(\.id) == whole.sections.map(\.id))
        #expect(report.conclusion == .undecidable)
        #expect(report.verdict.hasPrefix("1 part of this report failed. 4 of 6 judged connections"))
        let place = FailingSectionTests.notes(report, "denied")
        #expect(place.count == 1 && place[0].hasPrefix("This section could not be made: ") && place[0].contains("no such table: acces"))
        #expect(report.failures.count == 1)
        #expect(FailingSectionTests.notes(report, "limits").first == report.failures.first)
        for form in ReportFormat.allCases { #expect(report.files(form).contains { $0.text.contains("could not be made") }) }
    }

    @Test("a rule that fails")
    func rule() throws {
        let tenant = try SmallTenant()
        let database = try tenant.ingest(SmallTenant.mixed)
        let library = try FailingSectionTests.library(
            tenant, "detections/tunnel.bypass-carried.sql", replacing: "FROM access", with: "FROM aggregate_hour")
        let report = try FailingSectionTests.build(database, library)
        #expect(report.conclusion == .undecidable && !report.findings.isEmpty)
        #expect(FailingSectionTests.notes(report, "limits").first?.hasPrefix("The rule tunnel.bypass-carried failed") == true)
    }
}
