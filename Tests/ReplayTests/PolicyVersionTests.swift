import AccessPolicy
import FlowModel
import FlowStore
import Foundation
import GRDB
import Ingest
import PolicyDocuments
import Testing

/// By which version the database calls the policies of flows.
struct PolicyVersionTests {
    private static let wiki = """
          - {id: "401", name: Wiki, address: wiki.x.example, network: "1", access: [{group: "201"}]}
        """

    private static func snapshot(_ time: String, _ version: Int?) throws -> PolicySnapshot {
        var text = Office.policy(at: time, version: version ?? 0, resources: wiki)
        if version == nil { text = text.replacing("version: 0\n", with: "") }
        return try PolicySnapshot.load(Array(text.utf8), file: "p.yaml")
    }

    @Test("a policy is called by its own version, else by its time; two of one version are told apart, and that is said")
    func versions() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-versions-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let flows = (1...4).map { hour in
            Recording.Flow(user: "101", to: "wiki.x.example", resource: "401", start: "2026-03-0\(hour)T08:00:00Z")
        }
        let log = folder.appendingPathComponent("c.ndjson").path
        try Recording(policies: [], flows: flows).lines().write(toFile: log, atomically: true, encoding: .utf8)
        var options = Ingest.Options()
        options.policies = try [
            Self.snapshot("2026-03-01T00:00:00Z", 7), Self.snapshot("2026-03-02T00:00:00Z", nil), Self.snapshot("2026-03-03T00:00:00Z", 7),
        ]
        let path = folder.appendingPathComponent("audit.db").path
        let report = try Ingest(options: options).run(paths: [log], databasePath: path)
        let twice = "7+\(options.policies[2].digest.prefix(12))"
        #expect(
            report.warnings == [
                "the policies of 2026-03-01T00:00:00Z and 2026-03-03T00:00:00Z differ and both call themselves version 7; "
                    + "the second is called \(twice) here"
            ])
        // What comes later keeps the names that were given.
        options.policies += [try Self.snapshot("2026-03-04T00:00:00Z", 8)]
        #expect(try Ingest(options: options).run(paths: [], databasePath: path).warnings == [])
        let database = try AuditDatabase(path: path, mode: .readOnly)
        func texts(_ sql: String) throws -> [String] { try database.read { try String.fetchAll($0, sql: sql) } }
        let names = ["7", "2026-03-02T00:00:00Z", twice, "8"]
        #expect(try texts("SELECT version FROM policy_snapshot ORDER BY effective_at") == names)
        #expect(try texts("SELECT policy_version FROM flow ORDER BY started_at") == names)
        let joined = "FROM flow f JOIN policy_snapshot p ON p.version = f.policy_version ORDER BY f.started_at"
        #expect(try texts("SELECT p.digest " + joined) == options.policies.map(\.digest))
    }
}
