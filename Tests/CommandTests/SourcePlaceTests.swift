import Foundation
import Testing

/// Which source a name stands for depends on where one is; logs are rotated, and ids are given again.
struct SourcePlaceTests {
    private static func log(user: Int, day: Int, ids: [Int]) -> Data {
        let lines = ids.enumerated().map { place, id in
            """
            {"event_type":"established_connection","timestamp":\(1_789_344_000_000 + day * 86_400_000 + place * 1_000),\
            "connection":{"id":"\(id)","protocol":"tcp","client_ip":"203.0.113.9","resource_ip":"10.0.0.1","resource_port":443},\
            "user":{"id":"\(user)","email":"u\(user)@x.example"},"device":{"id":"7"},"connector":{"id":"4","name":"k"},\
            "remote_network":{"id":"9","name":"n"},"resource":{"id":"50","address":"r.x.example"},"relays":[]}
            """
        }
        return Data((lines.joined(separator: "\n") + "\n").utf8)
    }

    @Test("journals of one name in two directories are two journals")
    func oneName() throws {
        let folder = try Folder()
        for (place, user) in [("a", 1), ("b", 2)] {
            try FileManager.default.createDirectory(at: folder.url.appendingPathComponent(place), withIntermediateDirectories: true)
            let appended = try Program.journal(
                "append", "\(place)/j", in: folder, input: SourcePlaceTests.log(user: user, day: user, ids: [1, 2, 3]))
            #expect(appended.status == 0, "\(appended.errors)")
        }
        for place in ["a", "b", "a", "b"] {
            let outcome = try Program.shell(
                "cd \(place) && '\(Program.directory.path)/twin-audit' ingest j --db ../audit.db 2>&1", in: folder)
            #expect(outcome.status == 0, "\(outcome.output)")
        }
        #expect(try Program.shell("sqlite3 audit.db 'SELECT count(*) FROM flow'", in: folder).output == "6\n")
        // Nothing is tampered with; without keys nothing is proved.
        #expect(try Program.audit("verify", in: folder).status == 6)
        let elsewhere = try Program.shell("cd b && '\(Program.directory.path)/twin-audit' verify --db ../audit.db", in: folder)
        #expect(elsewhere.status == 6, "\(elsewhere.output)")
    }

    @Test("another log at the place of one that was rotated away is not that log tampered with, even when ids were given again")
    func rotated() throws {
        let folder = try Folder()
        let log = folder.url.appendingPathComponent("log")
        let first = SourcePlaceTests.log(user: 1, day: 0, ids: [1, 2, 3])
        try first.write(to: log)
        #expect(try Program.audit("ingest", "log", in: folder).status == 0)
        try SourcePlaceTests.log(user: 2, day: 1, ids: [1, 2, 3]).write(to: log)
        #expect(try Program.audit("verify", in: folder).status == 6)
        // The same log with another user is.
        let changed = String(decoding: first, as: UTF8.self).replacing(#""id":"1","email":"u1"#, with: #""id":"3","email":"u3"#)
        try Data(changed.utf8).write(to: log)
        #expect(try Program.audit("verify", in: folder).status == 5)
    }

    @Test("a unit of durations that is stated later, or before a log has grown, leaves rows that the sources say")
    func unitStatedLater() throws {
        func closed(_ id: Int) -> String {
            """
            {"event_type":"closed_connection","timestamp":1789344000000,"connection":{"id":"z\(id)","protocol":"tcp",\
            "client_ip":"203.0.113.9","resource_ip":"10.0.0.1","resource_port":443,"duration":7000000,"rx":1,"tx":2},\
            "user":{"id":"1","email":"u1@x.example"},"device":{"id":"7"},"connector":{"id":"4","name":"k"},\
            "remote_network":{"id":"9","name":"n"},"resource":{"id":"50","address":"r.x.example"},"relays":[]}\n
            """
        }
        let folder = try Folder()
        let log = folder.url.appendingPathComponent("log")
        try Data(closed(1).utf8).write(to: log)
        #expect(try Program.audit("ingest", "log", in: folder).status == 0)
        #expect(try Program.audit("verify", in: folder).output.contains("1 rows say what the sources say"))
        #expect(try Program.audit("ingest", "log", "--duration-unit", "ms", in: folder).status == 0)
        #expect(try Program.audit("verify", in: folder).output.contains("1 rows say what the sources say"))
        try Data((closed(1) + closed(2)).utf8).write(to: log)
        #expect(try Program.audit("ingest", "log", in: folder).status == 0)
        #expect(try Program.audit("verify", in: folder).output.contains("2 rows say what the sources say"))
    }

    @Test("rows from before what was pruned are not called proved")
    func prunedIsNotProved() throws {
        let folder = try Folder()
        try folder.write("log", SourcePlaceTests.log(user: 1, day: 0, ids: [1, 2, 3]))
        #expect(try Program.audit("ingest", "log", in: folder).status == 0)
        #expect(try Program.audit("verify", "--format", "tsv", in: folder).output.contains("intact\trows"))
        #expect(try Program.audit("db", "prune", "--older-than", "2026-09-15T00:00:00Z", in: folder).status == 0)
        let verified = try Program.audit("verify", "--format", "tsv", in: folder)
        #expect(verified.output.contains("cannot be proved\trows"))
        #expect(verified.output.contains("from before 2026-09-16T00:01:00Z"))
    }
}
