import FlowStore
import GRDB
import Ingest
import Testing

/// The views are public interface: these columns never go away.
struct ViewTests {
    static let columns: [String: [String]] = [
        "flow": [
            "flow_id", "connection_id", "started_at", "ended_at", "outcome", "principal_kind", "principal_id", "principal",
            "device_id", "client_ip", "connector_id", "connector", "network_id", "network", "resource_id", "applied_rule",
            "address", "resource_ip", "port", "protocol", "bytes_received", "bytes_transferred", "relay", "path", "error",
            "policy_version", "verdict", "reason", "expected_resource_id", "qualifiers", "source_id", "source_offset",
        ],
        "access": [
            "hour_at", "principal", "device_id", "client_ip", "connector", "network", "resource_id", "address", "port", "outcome",
            "verdict", "flows", "bytes_received", "bytes_transferred", "first_at", "last_at",
        ],
        "session": ["session_id", "started_at", "ended_at", "principal", "resource_id", "connectors", "flows", "connector_changes"],
        "finding": ["finding_id", "rule_id", "severity", "status", "first_seen", "last_seen", "count", "evidence"],
        "source": ["source_id", "path", "digest", "size", "journal", "complete", "events", "noise", "quarantined"],
        "quarantine": ["source_id", "path", "line", "offset", "reason", "raw"],
        "policy_snapshot": ["version", "effective_at", "superseded_at", "digest", "document"],
        "audit_event": ["audit_event_id", "at", "actor", "command", "detail"],
    ]

    @Test("every documented view has its columns", arguments: columns.keys.sorted())
    func documented(view: String) throws {
        let store = try Store()
        try store.ingest([CalibrationTests.line("established_connection", id: 1, at: SmallEvents.start)])
        let present = try AuditDatabase(path: store.path, mode: .readOnly).read { connection in
            try connection.columns(in: view).map(\.name)
        }
        let wanted = try #require(ViewTests.columns[view])
        #expect(wanted.filter { !present.contains($0) } == [])
    }

    @Test("a statement may ask for flows three times")
    func joined() throws {
        let store = try Store()
        try store.ingest([CalibrationTests.line("established_connection", id: 1, at: SmallEvents.start)])
        #expect(
            try store.number(
                "SELECT count(*) FROM flow a JOIN flow b ON b.address = a.address JOIN flow c ON c.principal_id = a.principal_id") == 1)
    }

    @Test("text from outside cannot become SQL, and filters take it literally")
    func injection() throws {
        let store = try Store()
        let name = "x'; DROP TABLE flow_fact; --"
        try store.ingest([
            """
            {"event_type":"established_connection","timestamp":\(SmallEvents.start),"connection":{"id":"1","protocol":"tcp"},\
            "user":{"id":"1","email":"\(name)"},"connector":{"id":"1"},"resource":{"address":"h[a-z].example"}}
            """
        ])
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        for (user, address, rows) in [(name, "h[a-z].example", 1), (name, "hb.example", 0), ("%", "h[a-z].example", 0), ("x*", "h[*", 1)] {
            var question = AccessQuestion()
            question.filter.users = [user]
            question.filter.addresses = [address]
            var found = 0
            try question.ask(database) { answer in try answer.forEach { _ in found += 1 } }
            #expect(found == rows, "\(user) \(address)")
        }
    }
}
