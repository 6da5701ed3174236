import Foundation
import Testing

/// Bad input of each kind ends in one clear line and the right status, and leaves the database as it was.
struct BadInputTests {
    /// What a database says, but for the files that it notes as passed over.
    static func state(_ folder: Folder) throws -> Data {
        let dump = try Program.audit("db", "dump", in: folder)
        // One that this version cannot read is compared as it is.
        guard dump.status == 0 else { return try folder.read("audit.db") }
        let lines = dump.output.split(separator: "\n").filter { !($0.contains(#""view":"source""#) && $0.contains(#""refusal":""#)) }
        return Data(lines.joined(separator: "\n").utf8)
    }

    /// A database with something in it, and what it says.
    static func prepared() throws -> (Folder, Data) {
        let folder = try Folder()
        try folder.write("good.log", try folder.sampleLog("connector-raw.log"))
        #expect(try Program.audit("ingest", "good.log", in: folder).status == 0)
        return (folder, try state(folder))
    }

    static func expectRefusal(
        _ outcome: Program.Outcome, status: Int32, message: String, _ folder: Folder, _ before: Data,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: sourceLocation)
        let errors = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("error:") }.map(String.init)
        #expect(errors == ["error: " + message], sourceLocation: sourceLocation)
        #expect(outcome.output == "", sourceLocation: sourceLocation)
        #expect(try BadInputTests.state(folder) == before, "the database changed", sourceLocation: sourceLocation)
    }

    @Test("a missing file")
    func missing() throws {
        let (folder, before) = try BadInputTests.prepared()
        let outcome = try Program.audit("ingest", "--quiet", "nowhere.log", in: folder)
        try BadInputTests.expectRefusal(
            outcome, status: 3, message: "`nowhere.log`: there is no such file; check the path", folder, before)
    }

    @Test("a pattern that matches nothing")
    func emptyPattern() throws {
        let (folder, before) = try BadInputTests.prepared()
        let outcome = try Program.audit("ingest", "--quiet", "*.nothing", in: folder)
        try BadInputTests.expectRefusal(outcome, status: 3, message: "`*.nothing`: no file matches the pattern", folder, before)
    }

    @Test("an empty file")
    func empty() throws {
        let (folder, before) = try BadInputTests.prepared()
        try folder.write("empty.log", "")
        let outcome = try Program.audit("ingest", "--quiet", "empty.log", in: folder)
        try BadInputTests.expectRefusal(
            outcome, status: 3, message: "`empty.log` is empty; nothing was read from it", folder, before)
    }

    @Test("something that is no log")
    func notALog() throws {
        let (folder, before) = try BadInputTests.prepared()
        try folder.write("picture.png", Data([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]))
        let outcome = try Program.audit("ingest", "--quiet", "picture.png", in: folder)
        try BadInputTests.expectRefusal(
            outcome, status: 3,
            message: "`picture.png` is not a log that is known here: it is binary", folder, before)
    }

    @Test("a gzip file cut off before its first whole line is refused", arguments: [5, 20])
    func cutAtOnce(at place: Int) throws {
        let (folder, before) = try BadInputTests.prepared()
        try folder.write("cut.gz", try folder.sampleLog("connector-bare.ndjson.gz").prefix(place))
        let outcome = try Program.audit("ingest", "--quiet", "cut.gz", in: folder)
        #expect(outcome.status == 3)
        #expect(outcome.errors.hasPrefix("error: `cut.gz`: the compressed data is cut off at byte \(place)"), "\(outcome.errors)")
        #expect(outcome.errors.hasSuffix("; nothing of it was stored, get the file again\n"))
        #expect(outcome.errors.split(separator: "\n").count == 1)
        #expect(try BadInputTests.state(folder) == before)
    }

    @Test(
        "of a gzip file that is cut off, the lines before that place are read, and the rest when the whole file comes",
        arguments: [-1, -8, -9])
    func cutOff(at place: Int) throws {
        let folder = try Folder()
        let whole = try folder.sampleLog("connector-bare.ndjson.gz")
        let cut = whole.count + place
        try folder.write("log.gz", whole.prefix(cut))
        let outcome = try Program.audit("ingest", "--quiet", "--db", "cut.db", "log.gz", in: folder)
        #expect(outcome.status == 3)
        #expect(outcome.errors.hasPrefix("error: `log.gz`: the compressed data is cut off at byte \(cut)"), "\(outcome.errors)")
        #expect(outcome.errors.hasSuffix("the lines before that place were read, get the whole file and run the same command again\n"))
        #expect(outcome.errors.split(separator: "\n").count == 1)
        let verified = try Program.audit("verify", "--db", "cut.db", in: folder)
        #expect(verified.status != 5, "\(verified.output)")

        try folder.write("log.gz", whole)
        let completed = try Program.audit("ingest", "--quiet", "--db", "cut.db", "log.gz", in: folder)
        #expect(completed.status == 0, "\(completed.errors)")
    }

    @Test("a gzip file whose checksum is wrong leaves nothing behind")
    func wrongChecksum() throws {
        let (folder, before) = try BadInputTests.prepared()
        var bytes = try folder.sampleLog("connector-bare.ndjson.gz")
        bytes[bytes.count - 6] ^= 1
        try folder.write("wrong.gz", bytes)
        let outcome = try Program.audit("ingest", "--quiet", "wrong.gz", in: folder)
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("the compressed data is damaged near byte"), "\(outcome.errors)")
        #expect(try BadInputTests.state(folder) == before)
    }

    @Test("bytes after the end of a gzip file")
    func trailing() throws {
        let (folder, before) = try BadInputTests.prepared()
        try folder.write("tail.gz", try folder.sampleLog("connector-bare.ndjson.gz") + Data("appended".utf8))
        let outcome = try Program.audit("ingest", "--quiet", "tail.gz", in: folder)
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("bytes that are not compressed data follow"))
        #expect(try BadInputTests.state(folder) == before)
    }

    @Test(
        "a directory without permission", .enabled(if: getuid() == 0, "skipped: becoming another user takes root"))
    func permission() throws {
        let (folder, before) = try BadInputTests.prepared()
        try FileManager.default.createDirectory(atPath: folder.path("closed"), withIntermediateDirectories: true)
        #expect(chmod(folder.path("closed"), 0o700) == 0)
        #expect(chmod(folder.url.path, 0o777) == 0)
        #expect(chmod(folder.path("audit.db"), 0o666) == 0)
        #expect(chmod(folder.path("audit.db-lock"), 0o666) == 0)
        let outcome = try Program.audit("ingest", "--quiet", "closed", in: folder, as: 65_534)
        try BadInputTests.expectRefusal(
            outcome, status: 4, message: "`closed`: no permission to read it; run as a user who may", folder, before)
    }

    @Test("a policy with a dangling reference")
    func danglingPolicy() throws {
        let (folder, before) = try BadInputTests.prepared()
        try folder.write(
            "policies/2026-09-14T00:00:00Z.yaml",
            """
            format: access-policy/1
            effectiveAt: 2026-09-14T00:00:00Z
            networks:
              - id: "1"
            connectors:
              - id: "10"
                network: "7"
            """)
        let outcome = try Program.audit("ingest", "--quiet", "--policy", "policies", "good.log", in: folder)
        #expect(outcome.status == 3, "\(outcome.errors)")
        let place = "policies/2026-09-14T00:00:00Z.yaml:"
        #expect(outcome.errors.hasPrefix("error: \(place)"), "\(outcome.errors)")
        #expect(outcome.errors.contains("`7`"), "\(outcome.errors)")
        #expect(try BadInputTests.state(folder) == before)
    }

    @Test("a database from a newer version")
    func newer() throws {
        let (folder, _) = try BadInputTests.prepared()
        _ = try Program.shell("sqlite3 audit.db \"INSERT INTO grdb_migrations VALUES ('9999')\"", in: folder)
        let before = try folder.read("audit.db")
        let message = "`audit.db` was written by a newer version of twin-audit; use that version, or build a new database"
        try BadInputTests.expectRefusal(
            Program.audit("access", in: folder), status: 3, message: message, folder, before)
        try BadInputTests.expectRefusal(
            Program.audit("ingest", "--quiet", "good.log", in: folder), status: 3, message: message, folder, before)
    }

    @Test("a database of another program, and no database at all")
    func foreignDatabase() throws {
        let (folder, _) = try BadInputTests.prepared()
        _ = try Program.shell("sqlite3 other.db 'CREATE TABLE t(x)'", in: folder)
        let other = try Program.audit("access", "--db", "other.db", in: folder)
        #expect(other.status == 3)
        #expect(other.errors == "error: `other.db` is a database of another program; name another file with --db\n")
        try folder.write("text.db", "this is no database, only text that is long enough to look at")
        let text = try Program.audit("access", "--db", "text.db", in: folder)
        #expect(text.status == 3)
        #expect(text.errors == "error: `text.db` is not a database; name another file with --db\n")
        let none = try Program.audit("access", "--db", "none.db", in: folder)
        #expect(none.status == 3)
        #expect(!folder.exists("none.db"))
    }

    @Test("a full disk", .enabled(if: getuid() == 0, "skipped: mounting a small file system takes root"))
    func fullDisk() throws {
        let folder = try Folder()
        try folder.write("good.log", try folder.sampleLog("connector-raw.log"))
        var many = ""
        for index in 0..<9_000 {
            many +=
                #"{"event_type":"closed_connection","timestamp":17576\#(10_000_000 + index),"connection":{"id":"\#(index)-full","protocol":"tcp"},"#
                + #""user":{"id":"\#(index)","email":"u\#(index)@full.example"},"connector":{"id":"1","name":"c"},"resource":{"address":"h\#(index).full.example"}}"#
                + "\n"
        }
        try folder.write("many.ndjson", many)
        // In a mount namespace of its own, so that nothing is left behind.
        let script = """
            set -e
            mkdir small && mount -t tmpfs -o size=2m tmpfs small
            '\(Program.directory.path)/twin-audit' ingest --quiet --db small/audit.db good.log
            sqlite3 small/audit.db 'SELECT * FROM flow' > before.txt
            status=0
            '\(Program.directory.path)/twin-audit' ingest --quiet --db small/audit.db many.ndjson 2> errors.txt || status=$?
            echo "$status"
            sqlite3 small/audit.db 'SELECT * FROM flow' > after.txt
            cmp before.txt after.txt && sqlite3 small/audit.db 'PRAGMA integrity_check'
            wc -l < errors.txt
            grep -c 'the disk is full' errors.txt
            """
        try folder.write("script.sh", script)
        let outcome = try Program.shell("unshare -m bash script.sh", in: folder)
        #expect(outcome.output == "4\nok\n1\n1\n")
    }

    @Test("nothing to look at is never a success")
    func nothing() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder.path("none"), withIntermediateDirectories: true)
        #expect(try Program.audit("ingest", "none", in: folder).status == 6)
        try folder.write("good.log", try folder.sampleLog("connector-raw.log"))
        #expect(try Program.audit("ingest", "good.log", in: folder).status == 0)
        #expect(try Program.audit("replay", in: folder).status == 6)
        #expect(try Program.audit("verify", in: folder).status == 6)
        let empty = try Program.audit("access", "--user", "nobody@nowhere.example", in: folder)
        #expect(empty.status == 6)
        #expect(empty.errors.hasPrefix("error: no user `nobody@nowhere.example` is known here"))
    }

    @Test(
        "a command line that is not understood",
        arguments: [["ingest"], ["access", "--by", "colour"], ["nonsense"], ["replay", "--since", "soon"]])
    func usage(arguments: [String]) throws {
        let folder = try Folder()
        try folder.write("good.log", try folder.sampleLog("connector-raw.log"))
        #expect(try Program.audit("ingest", "good.log", in: folder).status == 0)
        let outcome = try Program(name: "twin-audit").run(arguments, in: folder)
        #expect(outcome.status == 2, "\(outcome.errors)")
        #expect(outcome.output == "")
    }
}
