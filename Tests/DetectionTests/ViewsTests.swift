import Detection
import FlowStore
import Foundation
import GRDB
import QueryCatalogue
import QueryLibrary
import TenantFixture
import Testing

/// The views are public: the list in the code, the database and the page about them say the same.
struct ViewsTests {
    static func columns() throws -> [String: [String]] {
        try AuditDatabase(path: ":memory:", mode: .create).read { database in
            var columns: [String: [String]] = [:]
            for view in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'view'") {
                columns[view] = try String.fetchAll(database, sql: "SELECT name FROM pragma_table_info(?)", arguments: [view])
            }
            return columns
        }
    }

    @Test("statements may use exactly the views of the database")
    func names() throws {
        #expect(Set(PublicViews.names) == Set(try ViewsTests.columns().keys))
        #expect(Set(PublicViews.names).count == PublicViews.names.count)
    }

    /// Column names of each view as the page lists them: tables under headings of the form "## `view`".
    static func documented() throws -> [String: [String]] {
        let page = try String(
            contentsOf: SmallTenant.checkout.appendingPathComponent("docs/database-views.md"), encoding: .utf8)
        var columns: [String: [String]] = [:]
        var view: String?
        for line in page.split(separator: "\n") {
            if line.hasPrefix("## ") {
                let parts = line.split(separator: "`")
                view = parts.count >= 2 && line.hasPrefix("## `") ? String(parts[1]) : nil
                if let view { columns[view] = [] }
            } else if let view, line.hasPrefix("| `") {
                // One row may describe several columns.
                let cell = line.dropFirst(2).split(separator: "|").first ?? ""
                columns[view, default: []] += cell.split(separator: "`").map(String.init).filter {
                    !$0.allSatisfy { ", ".contains($0) }
                }
            }
        }
        return columns
    }

    @Test("docs/database-views.md lists every column of every view, and none that is not there")
    func page() throws {
        let database = try ViewsTests.columns()
        let documented = try ViewsTests.documented()
        #expect(Set(documented.keys) == Set(database.keys))
        for (view, columns) in database.sorted(by: { $0.key < $1.key }) {
            #expect(Set(documented[view] ?? []) == Set(columns), "\(view)")
        }
    }

    @Test("the program tells of each view and column what the page says")
    func told() throws {
        let views = ViewDescription.all
        let database = try ViewsTests.columns()
        #expect(Set(views.map(\.name)) == Set(database.keys))
        for view in views {
            #expect(view.meaning.hasSuffix(".") || view.meaning.hasSuffix(":"), "\(view.name): \(view.meaning)")
            #expect(Set(view.columns.map(\.name)) == Set(database[view.name] ?? []), "\(view.name)")
            for column in view.columns { #expect(!column.meaning.isEmpty && column.meaning != "likewise", "\(view.name).\(column.name)") }
        }
        let flow = try #require(views.first { $0.name == "flow" })
        let access = try #require(views.first { $0.name == "access" })
        #expect(access.columns.first { $0.name == "violation" } == flow.columns.first { $0.name == "violation" })
        #expect(flow.columns.first { $0.name == "qualifiers" }?.meaning.contains("';' || qualifiers || ';'") == true)
    }

    @Test("the page says of each column of `flow` what the program's own list says")
    func flowColumns() throws {
        let page = try String(contentsOf: SmallTenant.checkout.appendingPathComponent("docs/database-views.md"), encoding: .utf8)
        let section = page.split(separator: "\n## ").first { $0.hasPrefix("`flow`") } ?? ""
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        let listed = FlowColumn.all.map { column in
            "| `\(column.name)` | \(column.kind.rawValue) | \(column.meaning.replacingOccurrences(of: "|", with: "\\|")) |"
        }
        #expect(rows == listed)
    }

    @Test("docs/detections.md lists every rule with its severity, and none that is not there")
    func rules() throws {
        let page = try String(contentsOf: SmallTenant.checkout.appendingPathComponent("docs/detections.md"), encoding: .utf8)
        var listed: [String: String] = [:]
        for line in page.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let id = cells[0].trimmingCharacters(in: ["`"])
            if id.contains("."), cells.count >= 2 { listed[id] = cells[1] }
        }
        let rules = try QueryLibrary.builtIn.detections()
        #expect(listed == Dictionary(uniqueKeysWithValues: rules.map { ($0.id, $0.severity.rawValue) }))
    }
}
