import FlowModel
import FlowStore
import Foundation
import GRDB
import Ingest
import Testing

/// Reading with several connections at once.
struct PartsTests {
    @Test("all parts see the same state while another program writes")
    func oneState() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-parts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("audit.db").path
        _ = try AuditDatabase(path: path, mode: .create)
        let writer = try DatabaseQueue(path: path)
        try writer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF") }
        try writer.write { try $0.execute(sql: "INSERT INTO setting VALUES ('count', '0')") }
        let isDone = Guarded(false)
        let writing = DispatchGroup()
        DispatchQueue.global().async(group: writing) {
            while !isDone.withLock({ $0 }) {
                try? writer.write { try $0.execute(sql: "UPDATE setting SET value = value + 1 WHERE name = 'count'") }
                // Now and then long enough for parts to begin undisturbed.
                usleep(UInt32.random(in: 0...2_000))
            }
        }
        defer {
            isDone.withLock { $0 = true }
            writing.wait()
        }
        let database = try AuditDatabase(path: path, mode: .readOnly)
        var last = 0
        for _ in 0..<60 {
            let counts = try database.readParts(3) { connection, part in
                [part, try Int.fetchOne(connection, sql: "SELECT value FROM setting WHERE name = 'count'") ?? -1]
            }
            #expect(counts.map { $0[0] } == [0, 1, 2])
            #expect(Set(counts.map { $0[1] }).count == 1, "\(counts)")
            #expect(counts[0][1] >= last)
            last = counts[0][1]
        }
    }

    @Test("a failure of one part is the failure of all")
    func failure() throws {
        struct Broken: Error {}
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-parts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let database = try AuditDatabase(path: folder.appendingPathComponent("audit.db").path, mode: .create)
        for failing in 0..<3 {
            #expect(throws: Broken.self) {
                try database.readParts(3) { _, part in
                    if part == failing { throw Broken() }
                    return part
                }
            }
        }
        #expect(try database.readParts(3) { _, part in part } == [0, 1, 2])
    }
}
