import Foundation
import GRDB
import Testing

@testable import FlowStore

/// A new database has the tables that an old one has after every step.
struct SchemaTests {
    /// What a database is made of: its statements without comments and spacing, by name, the steps that it has, and whose it says it is.
    private static func made(_ make: (DatabaseQueue) throws -> Void) throws -> (parts: [String: String], steps: Set<String>, id: Int?) {
        let queue = try DatabaseQueue()
        try make(queue)
        return try queue.read { database in
            var parts: [String: String] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT type, name, tbl_name, sql FROM sqlite_master") {
                parts["\(row[0] as String) \(row[1] as String) of \(row[2] as String)"] = plain(row[3] as String? ?? "")
            }
            return (
                parts, try String.fetchSet(database, sql: "SELECT identifier FROM grdb_migrations"),
                try Int.fetchOne(database, sql: "PRAGMA application_id")
            )
        }
    }

    private static func plain(_ sql: String) -> String {
        let lines = sql.split(separator: "\n").map { line in line.range(of: "--").map { line[..<$0.lowerBound] } ?? line }
        var words = ""
        for character in lines.joined(separator: " ") {
            switch character {
            case "(", ")", ",": words += " \(character) "
            case "\"": break
            default: words.append(character)
            }
        }
        return words.split(separator: " ").joined(separator: " ")
    }

    @Test("made at once or step by step, the tables are the same")
    func tables() throws {
        let new = try SchemaTests.made { queue in try queue.write { try Schema.create(in: $0) } }
        let old = try SchemaTests.made { try Schema.migrator.migrate($0) }
        #expect(new.parts.count > 40)
        for name in Set(new.parts.keys).union(old.parts.keys).sorted() { #expect(new.parts[name] == old.parts[name], "\(name)") }
        #expect(new.steps == old.steps)
        #expect(new.steps == Set(Schema.migrator.migrations))
        #expect(new.id == old.id)
        #expect(new.id == Schema.applicationID)
    }
}
