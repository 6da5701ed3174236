import FlowModel
import FlowStore
import GRDB
import Ingest
import Testing

/// Views over gathered names say what the public ones say.
struct GatheredNamesTests {
    private static let views = ["flow", "access", "access_detail"]

    /// Flows with everything that a record can say, and with as little.
    private static func store(seed: Int) throws -> Store {
        let store = try Store()
        var numbers = Numbers(seed: UInt64(seed))
        var lines = (0..<60).flatMap { SmallEvents.connection($0, using: &numbers) }
        lines += (0..<60).map { index in
            let city = Int.random(in: 0...2, using: &numbers)
            let place = [#","location":{"geoip":{"city":"A","country":"B","lat":1.5,"lon":2}}"#, #","location":{}"#, ""][city]
            let relay = [#"[{"ip":"192.0.2.7","name":"r","port":443}]"#, "[]"][Int.random(in: 0...1, using: &numbers)]
            let port = ["", #","resource_port":8443"#][Int.random(in: 0...1, using: &numbers)]
            return """
                {"event_type":"established_connection","timestamp":\(SmallEvents.start + index * 700_000),"connection":{"id":"x\(index)",\
                "protocol":"\(["tcp", "udp", "sctp"][index % 3])","client_ip":"2001:db8::\(index % 4)","resource_ip":"10.0.\(index % 5).1"\(port)},\
                "user":{"id":"\(index % 4)","email":"u\(index % 2)@small.example"}\(place),"connector":{"id":"\(index % 3)"},\
                "resource":{"address":"r\(index % 6).small.example"},"relays":\(relay)}
                """
        }
        try store.ingest(lines)
        return store
    }

    private static func rows(_ connection: Database, _ view: String) throws -> [String] {
        // Which rows tell of one combination is left open by `access_detail`.
        let sums = ["flows", "open", "orphans", "inferred_starts", "unknown_starts"]
        let columns = try connection.columns(in: view).map(\.name)
        let isSummed = view == "access_detail"
        let selected = columns.map { column in
            guard isSummed else { return "quote(\(column))" }
            if sums.contains(column) { return "sum(\(column))" }
            if column.hasPrefix("first_") { return "min(\(column))" }
            return column.hasPrefix("last_") ? "max(\(column))" : "quote(\(column))"
        }
        let isKey = { (column: String) in !sums.contains(column) && !column.hasPrefix("first_") && !column.hasPrefix("last_") }
        let grouping = isSummed ? " GROUP BY " + columns.filter(isKey).joined(separator: ", ") : ""
        let sql = "SELECT \(selected.joined(separator: " || ' ' || ")) FROM \(view)\(grouping)"
        return try String.fetchAll(connection, sql: sql).sorted()
    }

    private static func types(_ connection: Database, _ view: String) throws -> [String] {
        try Row.fetchAll(connection, sql: "PRAGMA table_info(\(view))").map { "\($0["name"] as String) \($0["type"] as String)" }
    }

    @Test("every row and every column, and how columns compare", arguments: 0..<4)
    func same(seed: Int) throws {
        let store = try GatheredNamesTests.store(seed: seed)
        for mode in [AuditDatabase.Mode.readOnly, .readWrite] {
            try AuditDatabase(path: store.path, mode: mode).read { connection in
                let plain = try GatheredNamesTests.views.map { try GatheredNamesTests.rows(connection, $0) }
                let types = try GatheredNamesTests.views.map { try GatheredNamesTests.types(connection, $0) }
                #expect(plain.allSatisfy { $0.count > 40 })
                try GatheredNames.with(connection) { gathered in
                    try gathered.gatherDetails(since: .min, until: .max)
                    for (place, view) in GatheredNamesTests.views.enumerated() {
                        #expect(try GatheredNamesTests.rows(connection, view) == plain[place], "\(view)")
                        #expect(try GatheredNamesTests.types(connection, view) == types[place], "\(view)")
                    }
                    #expect(try Int.fetchOne(connection, sql: "SELECT count(*) FROM sqlite_temp_master WHERE type = 'view'") == 3)
                }
                #expect(try Int.fetchOne(connection, sql: "SELECT count(*) FROM sqlite_temp_master") == 0)
            }
        }
    }

    @Test("details are those of the period, and count every flow of it once")
    func period() throws {
        let store = try GatheredNamesTests.store(seed: 9)
        let (since, until) = (Int64(SmallEvents.start + 3_600_000 * 3), Int64(SmallEvents.start + 3_600_000 * 9))
        try AuditDatabase(path: store.path, mode: .readOnly).read { connection in
            let wanted = try Int.fetchOne(
                connection, sql: "SELECT count(*) FROM flow WHERE started_at >= ? AND started_at < ?", arguments: [since, until])
            try GatheredNames.with(connection) { gathered in
                try gathered.gatherDetails(since: since, until: until)
                #expect(try Int.fetchOne(connection, sql: "SELECT sum(flows) FROM access_detail") == wanted)
            }
            #expect((wanted ?? 0) > 10)
        }
    }

    @Test("an error leaves the views as they were, and a connection that only reads, reading only")
    func failure() throws {
        struct Broken: Error {}
        let store = try GatheredNamesTests.store(seed: 1)
        try AuditDatabase(path: store.path, mode: .readWrite).read { connection throws -> Void in
            #expect(throws: Broken.self) { try GatheredNames.with(connection) { _ in throw Broken() } }
            #expect(try Int.fetchOne(connection, sql: "SELECT count(*) FROM sqlite_temp_master") == 0)
            #expect(throws: DatabaseError.self) { try connection.execute(sql: "DELETE FROM setting") }
        }
    }
}
