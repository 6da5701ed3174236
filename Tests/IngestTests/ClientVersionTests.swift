import FlowStore
import GRDB
import Testing

@testable import FlowStore

/// A column of `flow` that few records have, from the record to the view.
struct ClientVersionTests {
    private static func line(_ type: String, _ id: Int, at: Int, version: String?) -> String {
        """
        {"event_type":"\(type)","timestamp":\(SmallEvents.start + at),"connection":{"id":"\(id)","protocol":"tcp"},\
        "user":{"id":"1"},"device":{"id":"7"\(version.map { #","client_version":\#($0)"# } ?? "")},"connector":{"id":"1"},\
        "resource":{"address":"a.small.example"}}
        """
    }

    private static func versions(_ store: Store) throws -> [String: String?] {
        try AuditDatabase(path: store.path, mode: .readOnly).read { connection in
            try Dictionary(
                uniqueKeysWithValues: Row.fetchAll(connection, sql: "SELECT connection_id, client_version FROM flow").map { ($0[0], $0[1]) }
            )
        }
    }

    @Test("what either record of a connection says, and the lesser of two, in whatever order they come", arguments: [false, true])
    func records(isReversed: Bool) throws {
        let lines = [
            ClientVersionTests.line("established_connection", 1, at: 0, version: #""2026.1""#),
            ClientVersionTests.line("closed_connection", 1, at: 10, version: nil),
            ClientVersionTests.line("established_connection", 2, at: 0, version: nil),
            ClientVersionTests.line("closed_connection", 2, at: 10, version: #""2026.2""#),
            ClientVersionTests.line("established_connection", 3, at: 0, version: #""2026.3""#),
            ClientVersionTests.line("closed_connection", 3, at: 10, version: #""2026.1""#),
            ClientVersionTests.line("established_connection", 4, at: 0, version: nil),
            ClientVersionTests.line("denied_access", 5, at: 0, version: #""caf\u00e9 \"1\"""#),
        ]
        let store = try Store()
        for line in isReversed ? lines.reversed() : lines { try store.ingest([line]) }
        #expect(try ClientVersionTests.versions(store) == ["1": "2026.1", "2": "2026.2", "3": "2026.1", "4": nil, "5": "café \"1\""])
        #expect(try store.problems() == [])
    }

    @Test("a version that is no text sets the record aside, and says where")
    func wrongType() throws {
        let store = try Store()
        try store.ingest([ClientVersionTests.line("established_connection", 1, at: 0, version: "7")])
        let reason = try AuditDatabase(path: store.path, mode: .readOnly).read { connection in
            try String.fetchAll(connection, sql: "SELECT reason || ': ' || detail FROM quarantine")
        }
        #expect(reason == ["wrong-type: `device.client_version` is not a text"])
    }

    @Test("a dictionary's table keeps its rows and their numbers when it gets a column")
    func migration() throws {
        try DatabaseQueue().write { connection in
            try connection.execute(
                sql: """
                    CREATE TABLE sample (sample_id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, UNIQUE (a, b)) STRICT;
                    INSERT INTO sample VALUES (3, 1, 2), (9, 1, 3), (4, 2, 2);
                    """)
            try AddedColumn(table: "sample", name: "c").add(to: connection)
            let rows = try Row.fetchAll(connection, sql: "SELECT * FROM sample ORDER BY 1").map { row in (0..<4).map { row[$0] as Int64 } }
            #expect(rows == [[3, 1, 2, 0], [4, 2, 2, 0], [9, 1, 3, 0]])
            try connection.execute(sql: "INSERT INTO sample VALUES (10, 1, 2, 5)")
            #expect(throws: DatabaseError.self) { try connection.execute(sql: "INSERT INTO sample VALUES (11, 1, 2, 5)") }
            #expect(try Int.fetchOne(connection, sql: "SELECT count(*) FROM temp.sqlite_master") == 0)
        }
    }
}
