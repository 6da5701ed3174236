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

    @Test("another journal at the place of one that was moved away is another journal; one of the same origin is changed evidence")
    func movedAway() throws {
        let folder = try Folder()
        for (key, user) in [("a", 1), ("b", 2)] {
            #expect(try Program.journal("keygen", "--out", key, "--name", "\(key).example/office", in: folder).status == 0)
            try folder.write("log-\(key)", SourcePlaceTests.log(user: user, day: user, ids: [1, 2, 3]))
        }
        func write(_ key: String) throws {
            let appended = try Program.journal("append", "j", "--key", key, in: folder, input: try folder.read("log-\(key)"))
            #expect(appended.status == 0, "\(appended.errors)")
        }
        func ingest(_ name: String) throws -> Program.Outcome { try Program.audit("ingest", name, in: folder) }
        func verify() throws -> Program.Outcome {
            try Program.audit("verify", "--key", "a.pub", "--key", "b.pub", "--format", "tsv", in: folder)
        }
        try write("a")
        #expect(try ingest("j").status == 0)
        #expect(try verify().status == 0)
        _ = try Program.shell("mv j moved", in: folder)
        try write("b")
        let taken = try ingest("j")
        #expect(taken.status == 0, "\(taken.errors)")
        #expect(
            taken.errors.contains(
                "`j` holds another journal than before: its origin is `b.example/office`, and was `a.example/office`; it is taken in beside that one"
            ))
        #expect(try Program.shell("sqlite3 audit.db 'SELECT count(*) FROM flow'", in: folder).output == "6\n")
        // Nobody has said where the first one is.
        let lost = try verify()
        #expect(lost.status == 6)
        #expect(lost.output.contains("holds another journal now, of origin `b.example/office`"), "\(lost.output)")
        let again = try ingest("moved")
        #expect(again.status == 0 && !again.errors.contains("another journal"), "\(again.errors)")
        #expect(try Program.shell("sqlite3 audit.db 'SELECT count(*) FROM flow'", in: folder).output == "6\n")
        let found = try verify()
        #expect(found.status == 0, "\(found.output)")
        // Begun anew under the same origin, and cut to nothing: an empty file is none that could be ingested.
        _ = try Program.shell("rm -r j", in: folder)
        try folder.write("log-b", SourcePlaceTests.log(user: 3, day: 5, ids: [9]))
        try write("b")
        #expect(try ingest("j").status == 5)
        #expect(try verify().status == 5)
        _ = try Program.shell(": > j/000000000001.ndjson.gz; rm j/checkpoints", in: folder)
        #expect(try ingest("j").status == 6)
        #expect(try verify().status == 5)
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

    @Test("sources that were moved, compressed and unpacked are found below roots by what they hold, and only there")
    func roots() throws {
        let folder = try Folder()
        #expect(try Program.journal("keygen", "--out", "k", "--name", "a.example/office", in: folder).status == 0)
        #expect(try Program.journal("keygen", "--out", "l", "--name", "b.example/office", in: folder).status == 0)
        for (key, user, directory) in [("k", 1, "j"), ("l", 2, "archive/another")] {
            let log = SourcePlaceTests.log(user: user, day: user, ids: [1, 2, 3])
            _ = try Program.shell("mkdir -p archive", in: folder)
            #expect(try Program.journal("append", directory, "--key", key, in: folder, input: log).status == 0)
        }
        // Long enough that logs of one beginning differ behind it.
        for (name, user) in [("plain", 3), ("packed", 4), ("piped", 5)] {
            try folder.write(name, SourcePlaceTests.log(user: user, day: user, ids: Array(1...40)))
        }
        _ = try Program.shell("gzip packed", in: folder)
        #expect(try Program.audit("ingest", "j", "plain", "packed.gz", in: folder).status == 0)
        #expect(try Program.audit("ingest", "-", in: folder, input: try folder.read("piped")).status == 0)
        let script = """
            mkdir -p archive/2026/09 archive/deep/er; mv j archive/2026/09/office; gzip -c plain > archive/deep/er/p.gz; rm plain
            gzip -dc packed.gz > archive/q; cat piped >> archive/q.other; head -c 5000 archive/q > archive/beginning; rm packed.gz piped
            printf junk > archive/junk; : > archive/empty; head -c 300 archive/deep/er/p.gz > archive/cut.gz
            """
        _ = try Program.shell(script, in: folder)
        func verify(_ more: String...) throws -> Program.Outcome {
            try Program(name: "twin-audit").run(["verify", "--key", "k.pub", "--format", "tsv"] + more, in: folder)
        }
        let lost = try verify()
        #expect(lost.status == 6)
        #expect(lost.output.contains("is not there any more, so its rows cannot be derived anew"), "\(lost.output)")
        let found = try verify("--root", "archive")
        #expect(found.status == 0, "\(found.output)\(found.errors)")
        for place in ["archive/2026/09/office", "archive/deep/er/p.gz", "archive/q", "archive/q.other"] {
            #expect(found.output.contains("at `\(folder.url.resolvingSymlinksInPath().path)/\(place)` now"), "\(place): \(found.output)")
        }
        #expect(found.output.contains("intact\trows\taudit.db\t\t\t126 rows say what the sources say"), "\(found.output)")
        #expect(found.errors.contains("warning: `"), "\(found.errors)")
        // Several roots, and the order of them, are one; a part of them is not all.
        #expect(
            try verify("--root", "archive/2026", "--root", "archive/deep", "--root", "archive/q", "--root", "archive/q.other").status == 0)
        #expect(try verify("--root", "archive/deep", "--root", "archive/2026").status == 6)
        #expect(try verify("--root", "nowhere").status == 3)
        // A pipe that somebody put in the place of a source is not waited for.
        _ = try Program.shell("mkfifo plain", in: folder)
        #expect(try verify("--root", "archive").status == 0)
        // One byte of what was found.
        _ = try Program.shell("printf X | dd of=archive/q bs=1 seek=6000 conv=notrunc 2>/dev/null", in: folder)
        #expect(try verify("--root", "archive").status == 6)
        let flip = "f=$(ls archive/2026/09/office/0*); printf X | dd of=$f bs=1 seek=$(($(stat -c %s $f) - 60)) conv=notrunc 2>/dev/null"
        _ = try Program.shell(flip, in: folder)
        #expect(try verify("--root", "archive").status == 5)
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
