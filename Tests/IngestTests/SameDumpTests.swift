import FlowModel
import Foundation
import Testing

@testable import FlowStore
@testable import Ingest

/// Two databases of the same input are the same, row for row and number for number: whatever their keys are and wherever their batches ended.
struct SameDumpTests {
    /// 1,500 connections: most of them of two events some apart, a few told twice, a few ids that two connections have.
    private static let lines: [String] = (0..<1_500).flatMap { number -> [String] in
        func line(_ type: String, id: Int, user: Int, at: Int, _ more: String = "") -> String {
            """
            {"event_type":"\(type)","timestamp":\(at),"connection":{"id":"c\(id)","protocol":"tcp","client_ip":"203.0.113.9",\
            "resource_ip":"10.0.0.\(number % 200)","resource_port":443\(more)},"user":{"id":"\(user)","email":"u\(user)@small.example"},\
            "connector":{"id":"4","name":"k"},"remote_network":{"id":"9","name":"n"},\
            "resource":{"id":"\(number % 30)","address":"r\(number % 30).small.example"},"relays":[]}
            """
        }
        let at = SmallEvents.start + number * 1_000
        var lines = [line("established_connection", id: number, user: number % 9, at: at)]
        if number >= 40 {
            let before = number - 40
            lines.append(
                line(
                    "closed_connection", id: before, user: before % 9, at: at,
                    #","duration_ms":40000,"started_at":\#(at - 40_000),"rx":\#(number),"tx":1"#))
        }
        if number % 70 == 9 { lines.append(line("established_connection", id: number / 2, user: 10 + number % 9, at: at + 5_000_000)) }
        if number % 50 == 7 { lines.append(lines[0]) }
        return lines
    }

    private static func dump(_ path: String) throws -> [String] {
        var rows: [String] = []
        try CanonicalDump.forEach(AuditDatabase(path: path, mode: .readOnly), .everything) { view, columns, row in
            rows.append("\(view): \(zip(columns, row).map { "\($0) \($1)" })")
        }
        return rows
    }

    @Test("in one batch or many, in one go or two: the same dump", arguments: [nil, 40, 97, 200] as [Int?], [1, 2])
    func same(batchFlows: Int?, goes: Int) throws {
        let store = try Store()
        let file = store.folder.appendingPathComponent("connector.log").path
        let half = SameDumpTests.lines.prefix(SameDumpTests.lines.count / 2).joined(separator: "\n") + "\n"
        let whole = SameDumpTests.lines.joined(separator: "\n") + "\n"
        var options = Ingest.Options()
        if let batchFlows {
            options.batchFlows = batchFlows
            options.transactionEvents = batchFlows * 3
        }
        for content in goes == 2 ? [half, whole] : [whole] {
            try content.write(toFile: file, atomically: false, encoding: .utf8)
            _ = try Ingest(options: options).run(paths: [file], databasePath: store.path)
        }
        // The plain way, into a database with another key.
        let plain = store.folder.appendingPathComponent("plain.db").path
        _ = try Ingest(options: Ingest.Options()).run(paths: [file], databasePath: plain)
        let (found, expected) = (try SameDumpTests.dump(store.path), try SameDumpTests.dump(plain))
        #expect(expected.count > 1_500)
        #expect(found.count == expected.count)
        if let place = zip(found, expected).enumerated().first(where: { $1.0 != $1.1 })?.offset {
            Issue.record("row \(place): \(found[place])\nand not: \(expected[place])")
        }
    }
}
