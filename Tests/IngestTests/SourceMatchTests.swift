import FlowModel
import Foundation
import GRDB
import Testing

@testable import FlowStore
@testable import Ingest

/// Records without connection id in a database.
struct SourceMatchTests {
    static func event(_ type: String, _ second: Int, received: Int? = nil) -> String {
        let at = SmallEvents.start + second * 1_000
        let bytes = received.map { #","duration_ms":1000,"rx":\#($0),"tx":1"# } ?? ""
        return """
            {"event_type":"\(type)","timestamp":\(at + (received == nil ? 0 : 1_000)),"connection":{"id":"c-\(second)","protocol":"tcp",\
            "client_ip":"203.0.113.1","resource_ip":"10.0.0.1","resource_port":443\(bytes)},"user":{"id":"1","email":"u@small.example"},\
            "device":{"id":"71"},"connector":{"id":"2","name":"k"},"resource":{"id":"50","address":"r.small.example"},"relays":[]}
            """
    }

    static func row(_ second: Int, received: Int) -> String {
        func clock(_ second: Int) -> String {
            String(format: "2026-09-14 %02d:%02d:%02d", second / 3_600, second / 60 % 60, second % 60)
        }
        return
            "\(clock(second)).00 UTC,\(clock(second + 1)).00 UTC,u@small.example,1,71,203.0.113.1,k,2,10.0.0.1,443,r.small.example,50,tcp,"
            + "NORMAL,1,\(received),,,,,,"
    }

    static func report(_ rows: [String]) -> [String] { [ManyTongues.header] + rows }

    static func relations(_ store: Store) throws -> [String] {
        try AuditDatabase(path: store.path, mode: .readOnly).read { connection in
            try String.fetchAll(
                connection,
                sql: "SELECT connection_id || ' ' || relation || coalesce(' ' || differs, '') FROM source_match ORDER BY 1")
        }
    }

    @Test("a report row is the flow: counted once, and both sources are named")
    func same() throws {
        let store = try Store()
        let first = try store.ingest(
            SourceMatchTests.report([SourceMatchTests.row(3_599, received: 7), SourceMatchTests.row(7_000, received: 8)]))
        #expect(first.recognised == 0)
        #expect(try store.number("SELECT sum(flows) FROM access") == 2)
        let second = try store.ingest([SourceMatchTests.event("closed_connection", 3_599, received: 7)])
        #expect((second.recognised, second.conflicts) == (1, 0))
        #expect(try SourceMatchTests.relations(store) == ["c-3599 same"])
        #expect(try store.number("SELECT sum(flows) FROM access") == 2)
        #expect(try store.number("SELECT count(*) FROM flow") == 2)
        #expect(try store.number("SELECT other_sources ->> '$[0].source_id' FROM flow WHERE connection_id IS NOT NULL") == 1)
        #expect(try store.number("SELECT count(*) FROM session") == 2)
        #expect(try store.problems() == [])
        // What was recognised is known when the report comes again with another row in it.
        let again = try store.ingest(
            SourceMatchTests.report([SourceMatchTests.row(3_599, received: 7), SourceMatchTests.row(20, received: 1)]))
        #expect((again.newFlows, again.duplicates, again.recognised) == (1, 1, 0))
        #expect(try store.problems() == [])
    }

    @Test("what the Connector says later makes a conflict, and a better partner takes its place")
    func changes() throws {
        let store = try Store()
        try store.ingest([SourceMatchTests.event("established_connection", 100)])
        let report = try store.ingest(SourceMatchTests.report([SourceMatchTests.row(100, received: 7)]))
        #expect((report.recognised, report.conflicts) == (1, 0))
        let closed = try store.ingest([SourceMatchTests.event("closed_connection", 100, received: 9)])
        #expect((closed.recognised, closed.conflicts) == (0, 1))
        #expect(try SourceMatchTests.relations(store) == ["c-100 conflict bytes_received"])
        #expect(try store.number("SELECT matched_bytes_received FROM source_conflict") == 7)
        #expect(try store.problems() == [])
        // Another connection within the second has the row's bytes.
        let other = SourceMatchTests.event("closed_connection", 101, received: 7).replacing("1789344102000", with: "1789344101200")
        let better = try store.ingest([other])
        #expect((better.recognised, better.conflicts) == (0, -1))
        #expect(try SourceMatchTests.relations(store) == ["c-101 same"])
        #expect(try store.problems() == [])
    }

    @Test("without records that lack an id nothing is noted, and nothing is compared")
    func nothingToCompare() throws {
        let store = try Store()
        try store.ingest([SourceMatchTests.event("established_connection", 100)])
        try store.ingest([SourceMatchTests.event("closed_connection", 100, received: 9)])
        let tables = ["source_match_run", "source_match_queue", "source_match_fact"].map { "(SELECT count(*) FROM \($0))" }
        #expect(try store.number("SELECT \(tables.joined(separator: " + "))") == 0)
        #expect(try store.number("SELECT count(*) FROM setting WHERE name LIKE 'source-match%'") == 0)
    }

    @Test("what is pruned stays recognised on the other side of the cut")
    func pruned() throws {
        let store = try Store()
        // The flow starts just before the hour, the row is cut to the second behind it.
        let event = SourceMatchTests.event("closed_connection", 3_599, received: 7).replacing("1789347600000", with: "1789347600900")
            .replacing("\"duration_ms\":1000", with: "\"duration_ms\":1001")
        try store.ingest([event, SourceMatchTests.event("closed_connection", 3_700, received: 1)])
        try store.ingest(SourceMatchTests.report([SourceMatchTests.row(3_600, received: 7), SourceMatchTests.row(3_700, received: 1)]))
        #expect(try SourceMatchTests.relations(store) == ["c-3599 same", "c-3700 same"])
        let database = try AuditDatabase(path: store.path, mode: .readWrite)
        _ = try database.prune(
            before: .init(milliseconds: Int64(SmallEvents.start) + 3_600_000), forgettingRollup: false, at: .init(milliseconds: 0),
            actor: "")
        try database.close()
        #expect(try store.problems() == [])
        #expect(try store.number("SELECT count(*) FROM source_match WHERE connection_id IS NULL") == 1)
        // News near by leave it alone.
        try store.ingest([SourceMatchTests.event("established_connection", 3_601)])
        #expect(try store.number("SELECT count(*) FROM source_match") == 2)
        #expect(try store.number("SELECT count(*) FROM flow") == 2)
        #expect(try store.problems() == [])
    }

    @Test("a database of the first schema is brought up to date, and its sources are compared by the next ingest")
    func migrates() throws {
        let store = try Store()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/schema-1.sql")
        let queue = try DatabaseQueue(path: store.path)
        try queue.writeWithoutTransaction { connection in
            try connection.execute(sql: String(contentsOf: script, encoding: .utf8))
            try connection.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
        }
        try queue.close()
        #expect(throws: StoreFailure.self) { try AuditDatabase(path: store.path, mode: .readOnly) }
        try AuditDatabase(path: store.path, mode: .readWrite).close()
        #expect(try store.problems() == [])
        #expect(try store.number("SELECT count(*) FROM flow") == 8)
        #expect(try store.number("SELECT count(*) FROM flow WHERE client_version IS NULL") == 8)
        let report = try store.ingest(["a line of a service log", SourceMatchTests.event("established_connection", 100)])
        #expect((report.recognised, report.conflicts) == (3, 1))
        #expect(try store.number("SELECT count(*) FROM flow") == 6)
        #expect(try store.problems() == [])
    }
}
