import Foundation
import Testing

/// Files as spreadsheets, shippers, log services and accidents leave them: each is read, or refused with the way out; nothing is passed over
/// in silence.
struct ForeignInputTests {
    static func event(_ kind: String, _ id: String, timestamp: String = "1789365731120", _ more: String = "") -> String {
        #"{"event_type":"\#(kind)","timestamp":\#(timestamp),"connection":{"id":"\#(id)","protocol":"tcp","client_ip":"203.0.113.11","#
            + #""resource_ip":"10.31.1.5","resource_port":443\#(more)},"user":{"id":"3101","email":"ada@harbour.example"},"#
            + #""connector":{"id":"3011"},"resource":{"id":"3200","address":"wiki.harbour.example"},"relays":[]}"#
    }

    static func line(_ id: String) -> String { "ANALYTICS " + event("established_connection", id) + "\n" }

    /// The one row that a statement gives, cells separated by commas.
    static func row(_ sql: String, in folder: Folder) throws -> String {
        let outcome = try Program.audit("query", "sql", "--format", "csv", sql, in: folder)
        return outcome.output.split(whereSeparator: \.isNewline).dropFirst().joined(separator: " | ")
    }

    static func ingest(_ files: [String: Data], _ arguments: String...) throws -> (Folder, Program.Outcome) {
        let folder = try Folder()
        for (name, data) in files { try folder.write(name, data) }
        let outcome = try Program(name: "twin-audit").run(["ingest", "--db", "audit.db"] + arguments, in: folder)
        return (folder, outcome)
    }

    @Test("logs of which no event can be read are logs, in a directory too")
    func unreadableLogs() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(at: folder.url.appendingPathComponent("logs"), withIntermediateDirectories: true)
        try folder.write("logs/good.log", Data(ForeignInputTests.line("a").utf8))
        let bad = [
            "text": ForeignInputTests.line("b").replacing("1789365731120", with: "\"2026-09-14T06:02:11Z\""),
            "colours": "\u{1b}[32m" + ForeignInputTests.line("c").replacing("\n", with: "\u{1b}[0m\n"),
            "returns": ForeignInputTests.line("d").replacing("\n", with: "#015\n"),
            "micro": ForeignInputTests.line("e").replacing("1789365731120", with: "1789365731120000"),
        ]
        for (name, text) in bad { try folder.write("logs/\(name).log", Data((text + text).utf8)) }
        let outcome = try Program.audit("ingest", "--strict", "--db", "audit.db", "logs", in: folder)
        #expect(outcome.status == 3)
        #expect(try ForeignInputTests.row("SELECT count(*), count(DISTINCT source_id) FROM quarantine", in: folder) == "8,4")
        #expect(try ForeignInputTests.row("SELECT count(*), sum(events), sum(quarantined) FROM source", in: folder) == "5,1,8")
        for name in bad.keys { #expect(outcome.errors.contains("logs/\(name).log`: no event could be read from it, 2 lines")) }
    }

    @Test(
        "times in another unit are named, and never become other times",
        arguments: ["1789365731", "1789365731120000", "1789365731120000000"])
    func units(_ timestamp: String) throws {
        let text = ForeignInputTests.line("a").replacing("1789365731120", with: timestamp)
        let (folder, outcome) = try ForeignInputTests.ingest(["x.log": Data(text.utf8)], "--strict", "x.log")
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("it looks like"))
        #expect(try ForeignInputTests.row("SELECT reason FROM quarantine", in: folder) == "number-out-of-range")
        // Known already, and no cleaner for it.
        #expect(try Program.audit("ingest", "--strict", "--db", "audit.db", "x.log", in: folder).status == 3)
        #expect(try Program.audit("ingest", "--db", "audit.db", "x.log", in: folder).status == 0)
    }

    @Test("one absurd counter hides nothing of the others")
    func counters() throws {
        let lines = ["9223372036854775807", "100", "9007199254740993", "200"].enumerated().map { index, rx in
            "ANALYTICS " + ForeignInputTests.event("closed_connection", "c\(index)", ",\"rx\":\(rx),\"tx\":1") + "\n"
        }
        let (folder, outcome) = try ForeignInputTests.ingest(["x.log": Data(lines.joined().utf8)], "x.log")
        #expect(outcome.status == 0)
        #expect(try ForeignInputTests.row("SELECT sum(bytes_received) FROM flow", in: folder) == "300")
        #expect(try ForeignInputTests.row("SELECT count(*), max(detail) FROM quarantine", in: folder).hasPrefix("2,"))
        #expect(try Program.audit("db", "check", "--db", "audit.db", in: folder).status == 0)
    }

    @Test("connection ids that would print alike are set aside")
    func controlCharacters() throws {
        let ids = ["a", #"a\u0000b"#, #"\u0000"#, #"a\u001b[2J"#]
        let (folder, _) = try ForeignInputTests.ingest(["x.log": Data(ids.map(ForeignInputTests.line).joined().utf8)], "x.log")
        #expect(try ForeignInputTests.row("SELECT connection_id FROM flow", in: folder) == "a")
        #expect(try ForeignInputTests.row("SELECT DISTINCT reason FROM quarantine", in: folder) == "bad-value")
    }

    static let header =
        "start_time,end_time,status,user,user_id,client_ip,resource_ip,resource_port,protocol,bytes_transferred,bytes_received"
    static let rows = (0..<3).map {
        "2026-09-14 16:0\($0):00 UTC,2026-09-14 16:0\($0):30 UTC,NORMAL,ada@harbour.example,3101,203.0.113.7,10.0.0.1,443,tcp,\($0),7"
    }

    @Test("reports that went through a spreadsheet", arguments: [",", ";", "\t", "|"], ["\n", "\r\n", "\r"])
    func reports(_ separator: String, _ lineEnd: String) throws {
        let lines = ([ForeignInputTests.header] + ForeignInputTests.rows).map { $0.replacing(",", with: separator) }
        for first in ["", "sep=\(separator)\(lineEnd)", "\u{feff}"] {
            let text = first + lines.joined(separator: lineEnd) + lineEnd
            let (folder, outcome) = try ForeignInputTests.ingest(["x.csv": Data(text.utf8)], "--strict", "x.csv")
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try ForeignInputTests.row("SELECT count(*), sum(bytes_transferred) FROM flow", in: folder) == "3,3")
        }
    }

    @Test("objects without line ends between them", arguments: [1, 4_000])
    func withoutLineEnds(_ count: Int) throws {
        let text = (0..<count).map { ForeignInputTests.event("established_connection", "e\($0)") }.joined()
        let (folder, outcome) = try ForeignInputTests.ingest(["x.json": Data((text + text).utf8)], "--strict", "x.json")
        #expect(outcome.status == 0)
        #expect(try ForeignInputTests.row("SELECT events, quarantined FROM source", in: folder) == "\(2 * count),0")
    }

    @Test("text of another encoding is refused with the way out, whatever format is stated")
    func wideText() throws {
        let text = (0..<4).map { ForeignInputTests.line("w\($0)") }.joined()
        for encoding in [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian] {
            let data = try #require(text.data(using: encoding))
            for arguments in [["x.log"], ["--format", "analytics", "x.log"]] {
                let folder = try Folder()
                try folder.write("x.log", data)
                let outcome = try Program(name: "twin-audit").run(["ingest", "--db", "audit.db"] + arguments, in: folder)
                #expect(outcome.status == 3)
                #expect(outcome.errors.contains("pipe it through `iconv -f UTF-16"))
                #expect(!outcome.errors.contains("say with --format"))
            }
        }
    }

    @Test(
        "compressed files are named with the program that reads them",
        arguments: [
            ("zstd -q -c", "zstdcat"), ("bzip2 -c", "bzcat"), ("xz -c", "xzcat"), ("gzip -c | gzip -c", "zcat"),
        ])
    func compressions(_ program: String, _ remedy: String) throws {
        let folder = try Folder()
        try folder.write("x.log", Data(ForeignInputTests.line("a").utf8))
        let first = String(program.prefix { $0 != " " })
        // A machine without the program has nothing to compress with.
        guard try Program.shell("command -v \(first) >/dev/null && cat x.log | \(program) >x.packed", in: folder).status == 0 else {
            return
        }
        let outcome = try Program.audit("ingest", "--db", "audit.db", "x.packed", in: folder)
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("pipe it through `\(remedy)` and ingest `-`"))
        // What the message advises works.
        let script = "\(remedy) <x.packed | \(Program.directory.path)/twin-audit ingest --strict --db audit.db -"
        #expect(try Program.shell(script, in: folder).status == 0)
        #expect(try ForeignInputTests.row("SELECT count(*) FROM flow", in: folder) == "1")
    }

    @Test("holes of zero bytes: the events are read and the holes told", arguments: [1, 300])
    func holes(_ count: Int) throws {
        let lines = (0..<count).map { ForeignInputTests.line("h\($0)") }
        let text = lines.joined()
        let hole = String(repeating: "\0", count: 4_096)
        let cut = text.index(text.startIndex, offsetBy: lines[0].count / 2)
        let cases = [("lead", hole + text, count), ("tail", text + hole, count), ("both", hole + text + hole, count)]
        for (name, content, events) in cases {
            let (folder, outcome) = try ForeignInputTests.ingest(["x.log": Data(content.utf8)], "--strict", "x.log")
            #expect(outcome.status == 0, "\(name)")
            #expect(outcome.errors.contains("holes: "))
            #expect(try ForeignInputTests.row("SELECT events FROM source", in: folder) == "\(events)")
            let rows = try ForeignInputTests.row(
                "SELECT kind, json_extract(body, '$.count') FROM other_record WHERE category = 'log_gap'", in: folder)
            #expect(rows == (name == "both" ? "nul-hole,4096 | nul-hole,4096" : "nul-hole,4096"))
        }
        // A torn event is set aside; what follows the hole is not lost with it.
        let torn = String(text[..<cut]) + hole + text
        let (folder, outcome) = try ForeignInputTests.ingest(["x.log": Data(torn.utf8)], "--strict", "x.log")
        #expect(outcome.status == 3)
        #expect(try ForeignInputTests.row("SELECT events, quarantined FROM source", in: folder) == "\(count),1")
    }

    @Test("what the system's logger dropped is told and kept")
    func suppressedMessages() throws {
        let text =
            ForeignInputTests.line("a")
            + "Sep 14 06:02:20 gw systemd-journald[300]: Suppressed 312 messages from twingate-connector.service\n"
            + "2026-09-14T06:02:21Z gw rsyslogd: imjournal: 4321 messages lost due to rate-limiting\n"
        let (folder, outcome) = try ForeignInputTests.ingest(["x.log": Data(text.utf8)], "x.log")
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("the system's logger dropped 4633 messages"))
        let rows = try ForeignInputTests.row(
            "SELECT kind, at, json_extract(body, '$.count') FROM other_record WHERE category = 'log_gap' ORDER BY line", in: folder)
        #expect(rows == "suppressed-messages,,312 | suppressed-messages,2026-09-14T06:02:21Z,4321")
    }

    @Test("journalctl leaves out long messages: the reason says how to get them")
    func journald() throws {
        let (folder, _) = try ForeignInputTests.ingest(
            ["x.json": Data("{\"__CURSOR\":\"s\",\"MESSAGE\":null}\n\(ForeignInputTests.line("a"))".utf8)], "x.json")
        #expect(
            try ForeignInputTests.row("SELECT reason FROM quarantine WHERE detail LIKE '%journalctl --all%'", in: folder) == "missing-field"
        )
    }

    /// Messages cut by a container runtime, many times and across the pieces in which ingest decodes.
    @Test("messages in several lines")
    func messagesInSeveralLines() throws {
        let count = 6_000
        var text = ""
        for index in 0..<count {
            let event = ForeignInputTests.event("established_connection", "p\(index)")
            let cut = event.index(event.startIndex, offsetBy: 20 + index % 200)
            text += "2026-09-14T00:00:00.123456789Z stdout P ANALYTICS \(event[..<cut])\n"
            if index % 3 == 0 { text += "2026-09-14T00:00:00.123456789Z stderr F [INFO] up\n" }
            text += "2026-09-14T00:00:00.123456789Z stdout F \(event[cut...])\n"
        }
        #expect(text.utf8.count > 2_400_000)
        let (folder, outcome) = try ForeignInputTests.ingest(["x.log": Data(text.utf8)], "--strict", "x.log")
        #expect(outcome.status == 0)
        #expect(try ForeignInputTests.row("SELECT events, quarantined, noise FROM source", in: folder) == "\(count),0,\(count / 3)")
    }

    @Test("a Connector that had nothing to tell has a log all the same")
    func quietConnector() throws {
        let (folder, outcome) = try ForeignInputTests.ingest(["x.log": Data("[INFO] [connector] state: Online\n".utf8)], "x.log")
        // It was read, and says nothing: that is no clean answer.
        #expect(outcome.status == 6)
        #expect(try ForeignInputTests.row("SELECT noise FROM source", in: folder) == "1")
    }
}
