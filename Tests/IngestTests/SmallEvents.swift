import FlowStore
import Foundation
import GRDB
import Ingest

/// Numbers that look random and are the same in every run.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &+ 0x9e37_79b9_7f4a_7c15
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Events of a handful of connections, as lines.
enum SmallEvents {
    static let start = 1_789_344_000_000

    /// The lines of one connection: established and closed, only closed, denied, or failed.
    static func connection(_ index: Int, using numbers: inout Numbers) -> [String] {
        let begin = start + Int.random(in: 0..<7_200_000, using: &numbers)
        let length = Int.random(in: 0..<5_000_000, using: &numbers)
        let user = Int.random(in: 1...4, using: &numbers)
        let connector = Int.random(in: 1...3, using: &numbers)
        func line(_ type: String, at: Int, _ more: String = "") -> String {
            """
            {"event_type":"\(type)","timestamp":\(at),"connection":{"id":"c\(index)-\(user)","protocol":"tcp",\
            "client_ip":"203.0.113.\(user)","resource_ip":"10.0.0.\(user)","resource_port":443\(more)},\
            "user":{"id":"\(user)","email":"u\(user)@small.example"},"device":{"id":"\(70 + user)"},\
            "connector":{"id":"\(connector)","name":"k\(connector)"},"remote_network":{"id":"9","name":"n"},\
            "resource":{"id":"\(50 + index % 3)","address":"r\(index % 3).small.example","applied_rule":"*.small.example"},"relays":[]}
            """
        }
        let established = line("established_connection", at: begin)
        // The first Connector counts microseconds, the others milliseconds.
        let duration = connector == 1 ? length * 1_000 : length
        let closed = line("closed_connection", at: begin + length, #","duration":\#(duration),"rx":\#(index * 7),"tx":\#(index)"#)
        switch Int.random(in: 0..<10, using: &numbers) {
        case 0: return [line("denied_access", at: begin, #","error_message":"access denied""#)]
        case 1: return [line("failed_to_connect", at: begin, #","error_message":"refused""#)]
        case 2: return [closed]
        case 3: return [established]
        default: return [established, closed]
        }
    }
}

/// A directory of a test's own with one database.
final class Store {
    let folder: URL
    var path: String { folder.appendingPathComponent("audit.db").path }
    private var files = 0

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    @discardableResult
    func ingest(_ lines: [String], options: Ingest.Options = Ingest.Options()) throws -> IngestReport {
        files += 1
        let file = folder.appendingPathComponent("part\(files).ndjson")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        return try Ingest(options: options).run(paths: [file.path], databasePath: path)
    }

    /// What the database says about flows, without what depends on the division into files.
    func flows() throws -> [String] {
        let database = try AuditDatabase(path: path, mode: .readOnly)
        return try database.read { connection in
            try Row.fetchAll(
                connection,
                sql: """
                    SELECT connection_id, started_at, ended_at, outcome, principal, device_id, client_ip, connector_id, resource_id,
                        address, resource_ip, port, protocol, bytes_received, bytes_transferred, relay, path, error, is_orphan,
                        start_is_inferred, start_is_unknown
                    FROM flow ORDER BY connection_id, started_at
                    """
            ).map { $0.description }
        }
    }

    func problems() throws -> [String] {
        let result = try DatabaseCheck.run(AuditDatabase(path: path, mode: .readOnly))
        return result.problems + result.unreadable
    }

    func number(_ sql: String) throws -> Int64 {
        try AuditDatabase(path: path, mode: .readOnly).read { try Int64.fetchOne($0, sql: sql) ?? -1 }
    }
}
