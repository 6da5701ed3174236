import Detection
import Foundation
import QueryCatalogue
import QueryLibrary
import TenantFixture
import Testing

/// The library that is shipped, and what is wrong with libraries that are not.
struct LibraryTests {
    @Test("every file is sound, and every rule fires on its fixtures and only there")
    func shipped() throws {
        let result = try LibraryCheck(library: QueryLibrary.builtIn).run()
        #expect(result.problems == [])
        #expect(result.rules >= 30)
        #expect(result.cases >= 2 * result.rules)
        #expect(result.questions >= 12)
        #expect(result.sections >= 12)
    }

    @Test("rules that others depend on are there")
    func promised() throws {
        let ids = Set(try QueryLibrary.builtIn.detections().map(\.id))
        let promised: Set = [
            "policy.over-permitted", "policy.misrouted", "tunnel.no-resource", "tunnel.wrong-network", "tunnel.bypass-carried",
            "access.disabled-principal", "access.expired-grant", "connector.unknown",
        ]
        #expect(promised.subtracting(ids) == [])
    }

    @Test("every template names sections that are there")
    func templates() throws {
        let library = QueryLibrary.builtIn
        let sections = Set(try library.sections().map(\.query.id)).union(ReportTemplate.builtIn)
        let templates = try library.templates()
        #expect(templates.map(\.id) == ["access-review", "compliance", "incident"])
        for template in templates { #expect(Set(template.sections).subtracting(sections) == [], "\(template.id)") }
    }

    /// A rule in a library of its own, with a text of it replaced.
    static func broken(_ replacing: [String: String], fixture: [String: String] = [:]) throws -> [String] {
        let source = SmallTenant.libraryRoot + "/detections/"
        let id = "tunnel.bypass-carried"
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("library-\(UUID().uuidString)")
        let target = root.appendingPathComponent("detections/fixtures")
        try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        func copy(_ from: String, _ to: String, _ replacing: [String: String]) throws {
            var text = try String(contentsOfFile: source + from, encoding: .utf8)
            for (old, new) in replacing {
                #expect(text.contains(old), "`\(old)` is not in \(from)")
                text = text.replacingOccurrences(of: old, with: new)
            }
            try Data(text.utf8).write(to: root.appendingPathComponent("detections/\(to)"))
        }
        try copy("\(id).sql", "\(id).sql", replacing)
        try copy("fixtures/\(id).yaml", "fixtures/\(id).yaml", fixture)
        let problems = try LibraryCheck(library: QueryLibrary(root: root.path)).run(only: [id]).problems
        return problems.map { $0.replacingOccurrences(of: root.path + "/detections/", with: "") }
    }

    @Test(
        "what is wrong is said with file and line",
        arguments: [
            (
                ["severity: high": "severity: dreadful"],
                "tunnel.bypass-carried.sql:4: `severity` of the header must be one of `info`, `low`, `medium`, `high`, `critical`, not `dreadful`"
            ),
            (
                ["witness: connector\n": "witness: connector\nwhim: yes\n"],
                "tunnel.bypass-carried.sql:12: the header has no key `whim`; it may have `attack`, `columns`, `controls`, `description`, `examples`, `explanation`, `false_positives`, `id`, `needs`, `parameters`, `precisely`, `question`, `severity`, `status`, `subject`, `title`, `witness`"
            ),
            (
                ["id: tunnel.bypass-carried\n": "id: tunnel.other\n"],
                "tunnel.bypass-carried.sql:2: the file is called `tunnel.bypass-carried.sql` and its `id` is `tunnel.other`; they must agree"
            ),
            (["FROM access\n": "FROM access, nowhere\n"], "tunnel.bypass-carried.sql:23: no such table: nowhere"),
            (
                ["FROM access\n": "FROM access, setting\n"],
                "tunnel.bypass-carried.sql:23: the statement reads the private table `setting`; use the views of docs/database-views.md"
            ),
            (
                ["sum(flows) AS count": "sum(flows) AS many"],
                "tunnel.bypass-carried.sql:23: the statement gives no column `count`"
            ),
            (
                ["hour_at >= :since": "hour_at >= :beginning"],
                "tunnel.bypass-carried.sql:23: the statement uses `:beginning`, which the header does not declare"
            ),
            (
                ["parameters: {}": "parameters: {grace: {type: duration, default: 5m, description: Time.}}"],
                "tunnel.bypass-carried.sql:1: the header declares `grace`, which the statement does not use"
            ),
            (
                ["parameters: {}": "parameters: {grace: {type: duration, default: 5 min, description: Time.}}"],
                "tunnel.bypass-carried.sql:16: parameter `grace` needs a duration such as `90s`, `15m`, `12h` or `7d`, not `5 min`"
            ),
            (
                ["{principal} reached": "{somebody} reached"],
                "tunnel.bypass-carried.sql:23: `explanation` names `{somebody}`, which is neither a column nor a parameter"
            ),
            (
                ["SELECT principal_kind": "DELETE FROM flow_fact; SELECT principal_kind"],
                "tunnel.bypass-carried.sql:23: the statement changes the database; only reading is possible here"
            ),
        ])
    func wrong(replacing: [String: String], problem: String) throws {
        let problems = try LibraryTests.broken(replacing)
        #expect(problems.first == problem)
    }

    @Test("a rule that no longer fires, or fires too often, fails its fixtures")
    func fixtures() throws {
        let silent = try LibraryTests.broken(["reason = 'bypass-resource'": "reason = 'nothing'"])
        #expect(silent.count == 1)
        #expect(
            silent.first == "fixtures/tunnel.bypass-carried.yaml:26: carried although it must bypass: expected 1 findings, got 0")
        let loud = try LibraryTests.broken(["outcome IN ('allowed', 'failed') AND ": ""])
        #expect(loud.count == 1)
        #expect(
            loud.first?.contains("look-alikes - refused, a change on its way, another reason: expected 0 findings, got 1") == true)
    }

    @Test("a rule needs a case that fires and a look-alike")
    func incomplete() throws {
        let problems = try LibraryTests.broken([:], fixture: ["    fires: []": "    fires: [{severity: high}]"])
        #expect(problems.first == "`fixtures/tunnel.bypass-carried.yaml`: no look-alike in which the rule must not fire")
    }

    @Test("a directory that is no library is refused")
    func missing() throws {
        let absent = #expect(throws: QueryFailure.self) { try QueryLibrary(root: "/nowhere") }
        #expect(absent?.message == "cannot list `/nowhere`: No such file or directory")
        #expect(absent?.kind == .environment)
        let other = #expect(throws: QueryFailure.self) { try QueryLibrary(root: "/etc") }
        #expect(other?.message == "`/etc` is no query library: it has none of the directories `detections`, `forensics`, `report`")
    }

    @Test("the program's own library holds the files of the source tree, byte for byte")
    func builtIn() throws {
        let root = SmallTenant.libraryRoot
        let files = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".sql") || $0.hasSuffix(".yaml") }
        #expect(files.count > 100)
        #expect(QueryLibrary.builtIn.paths == files.sorted())
        for file in files { #expect(try QueryLibrary.builtIn.text(file) == String(contentsOfFile: root + "/" + file, encoding: .utf8)) }
        // Whatever else lies there would be left out without a word.
        let others = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.contains(".") }
        #expect(Set(others) == Set(files))
    }

    @Test("a directory lies over the program's own library: files of one name take its place, others are added")
    func overlay() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("library-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let directory = root.appendingPathComponent("forensics")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        func write(_ id: String) throws {
            let text = "/* ---\nid: \(id)\ntitle: T\nquestion: Mine?\nparameters: {}\n--- */\nSELECT 1 AS one\n"
            try Data(text.utf8).write(to: directory.appendingPathComponent("\(id).sql"))
        }
        try write("denied")
        try write("mine")
        let library = try QueryLibrary(root: root.path)
        let own = QueryLibrary.builtIn
        #expect(try library.questions().filter { $0.question == "Mine?" }.map(\.id) == ["denied", "mine"])
        #expect(Set(try library.questions().map(\.id)) == Set(try own.questions().map(\.id)).union(["mine"]))
        #expect(try library.detections() == own.detections())
        #expect(try library.templates() == own.templates())
    }
}
