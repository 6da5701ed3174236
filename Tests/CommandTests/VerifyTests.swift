import Foundation
import Testing

/// `twin-audit verify`: three answers about evidence, and whether the rows say what it says.
struct VerifyTests {
    private static func ingested(_ names: [String: Data], _ arguments: [String] = []) throws -> Folder {
        let folder = try Folder()
        for (name, bytes) in names { try folder.write(name, bytes) }
        let outcome = try Program.audit(["ingest", "--quiet"] + arguments + names.keys.sorted(), in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return folder
    }

    private static func log(_ folder: Folder? = nil) throws -> Data {
        try (folder ?? Folder()).sampleLog("connector-raw.log")
    }

    /// The line of `verify` about the rows, and its status.
    private static func rows(_ folder: Folder, _ arguments: [String] = []) throws -> (status: Int32, line: String) {
        let outcome = try Program.audit(["verify", "--format", "csv"] + arguments, in: folder)
        let line = outcome.output.split(whereSeparator: \.isNewline).last { $0.contains(",rows,") }
        return (outcome.status, String(line ?? "none"))
    }

    @Test("a log that was rotated, renamed or compressed is found where its bytes are", arguments: ["mv", "cp and empty", "gzip"])
    func rotated(how: String) throws {
        let folder = try VerifyTests.ingested(["app.log": VerifyTests.log()])
        let more = String(decoding: try VerifyTests.log(), as: UTF8.self).replacing("2026", with: "2026").replacing(
            #""id":""#, with: #""id":"n"#)
        switch how {
        case "mv": _ = try Program.shell("mv app.log app.log.1", in: folder)
        case "gzip": _ = try Program.shell("gzip -c app.log > app.log.1.gz && rm app.log", in: folder)
        default: _ = try Program.shell("cp app.log app.log.1", in: folder)
        }
        try folder.write("app.log", Data(more.utf8))
        let again = try Program.shell("ls app.log*", in: folder).output.split(separator: "\n").map(String.init)
        #expect(try Program.audit(["ingest", "--quiet"] + again, in: folder).status == 0)
        let outcome = try Program.audit(["verify", "--format", "csv"], in: folder)
        // Logs without signatures: nothing is proved of them, and nothing is wrong with them.
        #expect(outcome.status == 6)
        #expect(!outcome.output.contains("tampered"), "\(outcome.output)")
        #expect(outcome.output.contains(how == "gzip" ? "app.log.1.gz` now" : "app.log.1` now"), "\(outcome.output)")
        #expect(outcome.output.contains("rows say what the sources say"), "\(outcome.output)")
    }

    @Test("a log with other bytes at its place is tampered with; another log there is not")
    func changedInPlace() throws {
        let log = try VerifyTests.log()
        let folder = try VerifyTests.ingested(["app.log": log])
        var text = String(decoding: log, as: UTF8.self)
        let place = try #require(text.range(of: #""rx":"#, options: .backwards))
        text.insert("9", at: place.upperBound)
        try folder.write("app.log", Data(text.utf8))
        #expect(try VerifyTests.rows(folder).status == 5)
        // What rotation left behind there: other connections at other places.
        try folder.write("app.log", Data("Sep 14 07:20:00 gw twingate-connector[812]: started\n".utf8))
        let gone = try VerifyTests.rows(folder)
        #expect(gone.status == 6)
        #expect(gone.line.hasPrefix("cannot be proved"), "\(gone.line)")
    }

    @Test(
        "rows that say something else than the evidence are found",
        arguments: [
            "UPDATE text SET value = 'not-' || value WHERE value LIKE '%@%'",
            "DELETE FROM flow_fact WHERE flow_id = (SELECT max(flow_id) FROM flow_fact)",
            "UPDATE flow_fact SET bytes_received = bytes_received + 1 WHERE bytes_received > 0",
            "UPDATE flow_fact SET started_at = started_at + 1 WHERE flow_id = 1",
            "UPDATE flow_fact SET aggregate_id = (SELECT max(aggregate_id) FROM aggregate) WHERE flow_id = 1",
        ])
    func alteredRows(statement: String) throws {
        let folder = try VerifyTests.ingested(["app.log": VerifyTests.log()])
        #expect(try VerifyTests.rows(folder).line.hasPrefix("intact,rows,"))
        let altered = try Program.shell("sqlite3 audit.db \"\(statement)\"", in: folder)
        #expect(altered.status == 0, "\(altered.output)")
        let found = try VerifyTests.rows(folder)
        #expect(found.status == 4, "\(found.line)")
        #expect(try Program.audit(["verify", "--format", "csv"], in: folder).output.contains("disagrees,rows,"))
    }

    @Test("what was stated at ingest is stated again; what came through a pipe cannot be looked at")
    func statedAndPiped() throws {
        let stated = try VerifyTests.ingested(["app.log": VerifyTests.log()], ["--duration-unit", "us", "--format", "analytics"])
        #expect(try VerifyTests.rows(stated).line.hasPrefix("intact,rows,"))
        let piped = try Folder()
        #expect(try Program.audit(["ingest", "--quiet", "-"], in: piped, input: VerifyTests.log()).status == 0)
        let found = try VerifyTests.rows(piped)
        #expect(found.status == 6)
        #expect(found.line.hasPrefix("cannot be proved,rows,"), "\(found.line)")
    }

    @Test("a journal that was moved is verified where it is, and rows are held against it")
    func movedJournal() throws {
        let folder = try Folder()
        #expect(try Program.journal("keygen", "--out", "key", in: folder).status == 0)
        #expect(try Program.journal("append", "here", "--key", "key", in: folder, input: VerifyTests.log()).status == 0)
        #expect(try Program.audit(["ingest", "--quiet", "here"], in: folder).status == 0)
        _ = try Program.shell("mv here there", in: folder)
        #expect(try VerifyTests.rows(folder, ["--key", "key.pub"]).status == 6)
        #expect(try Program.audit(["ingest", "--quiet", "there"], in: folder).status == 0)
        let found = try VerifyTests.rows(folder, ["--key", "key.pub"])
        #expect(found.status == 0, "\(found.line)")
        #expect(found.line.hasPrefix("intact,rows,"), "\(found.line)")
    }
}

extension Program {
    fileprivate static func audit(_ arguments: [String], in folder: Folder, input: Data? = nil) throws -> Outcome {
        try Program(name: "twin-audit").run(arguments, in: folder, input: input)
    }
}
