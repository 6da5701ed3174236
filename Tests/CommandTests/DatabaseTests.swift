import Foundation
import Testing

struct DatabaseTests {
    /// A database of the sample log, and its dump.
    private func sample(_ folder: Folder, _ name: String = "audit.db") throws -> String {
        try folder.write("a.log", try folder.sampleLog("connector-raw.log"))
        let outcome = try Program.audit("ingest", "--quiet", "--db", name, "a.log", in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try Program.audit("db", "dump", "--db", name, in: folder).output
    }

    private func rows(_ sql: String, _ folder: Folder, _ database: String = "audit.db") throws -> String {
        try Program.shell("sqlite3 \(database) \"\(sql)\"", in: folder).output
    }

    @Test("pruning takes old flows out for good and keeps what the roll-up says of them")
    func prune() throws {
        let folder = try Folder()
        _ = try sample(folder)
        let access = try rows("SELECT * FROM access ORDER BY 1, 2, 3, 4, 5, 6, 7, 8", folder)
        let flows = try rows("SELECT count(*) FROM flow", folder)
        #expect(flows != "0\n")
        let pruned = try Program.audit("db", "prune", "--older-than", "1d", in: folder)
        #expect(pruned.status == 0, "\(pruned.errors)")
        #expect(pruned.errors.hasPrefix("took out \(flows.dropLast()) flows and "))
        #expect(try rows("SELECT count(*) FROM flow", folder) == "0\n")
        #expect(try rows("SELECT * FROM access ORDER BY 1, 2, 3, 4, 5, 6, 7, 8", folder) == access)
        #expect(try Program.audit("db", "check", in: folder).status == 0)
        // The same records under another name and with another first line: nothing comes back.
        try folder.write("b.log", Data("a line of a service log\n".utf8) + folder.sampleLog("connector-raw.log"))
        #expect(try Program.audit("ingest", "b.log", in: folder).status == 0)
        #expect(try rows("SELECT count(*) FROM flow", folder) == "0\n")
        #expect(try rows("SELECT * FROM access ORDER BY 1, 2, 3, 4, 5, 6, 7, 8", folder) == access)
        #expect(try rows("SELECT command FROM audit_event ORDER BY audit_event_id", folder) == "ingest\ndb prune\ningest\n")
        #expect(try Program.audit("db", "prune", "--older-than", "1d", "--forget-rollup", in: folder).status == 0)
        #expect(try rows("SELECT count(*) FROM access", folder) == "0\n")
        #expect(try Program.audit("db", "vacuum", in: folder).status == 0)
        #expect(try Program.audit("db", "check", in: folder).status == 0)
        let future = try Program.audit("db", "prune", "--older-than", "2200-01-01", in: folder)
        #expect(future.status == 2)
    }

    @Test("a backup says what the database says, and is never written over a file")
    func backup() throws {
        let folder = try Folder()
        let dump = try sample(folder)
        #expect(!dump.isEmpty)
        #expect(try Program.audit("db", "backup", "copy.db", in: folder).status == 0)
        #expect(try Program.audit("db", "dump", "--db", "copy.db", in: folder).output == dump)
        let again = try Program.audit("db", "backup", "copy.db", in: folder)
        #expect(again.status == 3)
        #expect(again.errors == "error: `copy.db` exists; name a file that does not\n")
        #expect(try rows("SELECT command FROM audit_event", folder, "copy.db") == "ingest\ndb backup\n")
    }

    @Test("the dump is the same bytes for every database of the same input")
    func dump() throws {
        let folder = try Folder()
        let first = try sample(folder, "first.db")
        let second = try sample(folder, "second.db")
        #expect(first == second)
        let views = Set(
            try first.split(separator: "\n").map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return object?["view"] as? String ?? ""
            })
        #expect(views.isSuperset(of: ["flow", "access", "session", "source"]))
        #expect(!views.contains("audit_event"))
    }

    @Test("the same content is known again however it is compressed", arguments: ["gzip -1", "gzip -9", "gzip -n9"])
    func recompressed(compress: String) throws {
        let folder = try Folder()
        let dump = try sample(folder)
        _ = try Program.shell("\(compress) < a.log > other.gz", in: folder)
        let again = try Program.audit("ingest", "other.gz", in: folder)
        #expect(again.status == 0)
        #expect(again.errors.hasPrefix("read 0 files (1 known already)"))
        #expect(try Program.audit("db", "dump", in: folder).output == dump)
    }

    @Test("a reader undoes what a program left that was killed in the middle of a transaction")
    func leftovers() throws {
        let folder = try Folder()
        try folder.write("log.ndjson", (0..<50).map { DatabaseTests.leftoverEvent($0) }.joined(separator: "\n") + "\n")
        #expect(try Program.audit("ingest", "log.ndjson", in: folder).status == 0)
        let before = try Program.audit("db", "dump", in: folder)
        #expect(before.status == 0 && before.output.contains("leftover-49"))
        // Half of the transaction is in the file already; what undoes it is beside it.
        try folder.write(
            "kill.py",
            """
            import os, signal, sqlite3
            db = sqlite3.connect("audit.db", isolation_level=None)
            db.execute("PRAGMA cache_size = 1")
            db.execute("BEGIN")
            db.execute("UPDATE text SET value = value || '-changed'")
            db.execute("CREATE TABLE more (filling)")
            db.execute("WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO more SELECT randomblob(1000) FROM n")
            os.kill(os.getpid(), signal.SIGKILL)

            """)
        _ = try Program.shell("python3 kill.py", in: folder)
        #expect(try Program.shell("test -s audit.db-journal", in: folder).status == 0)
        let after = try Program.audit("db", "dump", in: folder)
        #expect(after.status == 0, "\(after.errors)")
        #expect(after.output == before.output)
        #expect(try Program.audit("db", "check", in: folder).status == 0)
    }

    private static func leftoverEvent(_ number: Int) -> String {
        #"{"event_type":"established_connection","timestamp":\#(1_791_439_200_000 + number * 1_000),"connection":{"id":"leftover-\#(number)","protocol":"tcp"},"user":{"id":"1","email":"a@b.example"},"connector":{"id":"5"},"resource":{"address":"h\#(number).example"}}"#
    }
}
