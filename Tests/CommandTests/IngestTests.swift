import Foundation
import Testing

struct IngestTests {
    @Test("reading the same bytes twice changes nothing, whatever the file is called")
    func twice() throws {
        let folder = try Folder()
        let log = try folder.sampleLog("connector-raw.log")
        try folder.write("a.log", log)
        #expect(try Program.audit("ingest", "a.log", in: folder).status == 0)
        let before = try folder.read("audit.db")
        #expect(try Program.audit("ingest", "a.log", in: folder).status == 0)
        #expect(try folder.read("audit.db") == before)
        // Under another name nothing is new but where the bytes are.
        let dump = try Program.audit("db", "dump", in: folder).output
        try folder.write("renamed.log", log)
        let again = try Program.audit("ingest", "renamed.log", in: folder)
        #expect(again.status == 0)
        #expect(again.errors.hasPrefix("read 0 files (1 known already)"))
        #expect(try Program.audit("db", "dump", in: folder).output == dump)
        let place = try Program.shell("sqlite3 audit.db 'SELECT found_at FROM source'", in: folder).output
        #expect(place.hasSuffix("/renamed.log\n"))
    }

    @Test("a file that grows, in pieces cut anywhere, gives the database of the whole", arguments: [1, 2, 3, 5])
    func grown(pieces: Int) throws {
        let folder = try Folder()
        let log = try folder.sampleLog("connector-raw.log")
        try folder.write("whole/live.log", log)
        #expect(try Program.audit("ingest", "--db", "whole.db", "whole/live.log", in: folder).status == 0)
        for piece in 1...pieces {
            try folder.write("live.log", log.prefix(log.count * piece / pieces - (piece < pieces ? 37 : 0)))
            #expect(try Program.audit("ingest", "--db", "grown.db", "live.log", in: folder).status == 0)
        }
        let query = "SELECT connection_id, started_at, ended_at, outcome, principal, bytes_received, source_line FROM flow ORDER BY 1"
        let grown = try Program.shell("sqlite3 grown.db \"\(query)\"", in: folder).output
        let whole = try Program.shell("sqlite3 whole.db \"\(query)\"", in: folder).output
        #expect(!whole.isEmpty)
        #expect(grown == whole)
        #expect(try Program.audit("db", "check", "--db", "grown.db", in: folder).status == 0)
    }

    @Test("every form of the samples is read from files, directories, patterns and standard input")
    func forms() throws {
        let folder = try Folder()
        let samples = Folder.checkout.appendingPathComponent("SampleLogs").path
        let directory = try Program.audit("ingest", "--db", "d.db", samples, in: folder)
        #expect(directory.status == 0, "\(directory.errors)")
        let pattern = try Program.audit("ingest", "--db", "p.db", samples + "/connector-*", in: folder)
        #expect(pattern.status == 0, "\(pattern.errors)")
        let stream = try Program.audit(
            "ingest", "--db", "s.db", "-", in: folder, input: try folder.sampleLog("connector-members.ndjson.gz"))
        #expect(stream.status == 0, "\(stream.errors)")
        for database in ["d.db", "p.db", "s.db"] {
            #expect(try Program.audit("db", "check", "--db", database, in: folder).status == 0)
            let flows = try Program.shell("sqlite3 \(database) 'SELECT count(*) > 0 FROM flow'", in: folder)
            #expect(flows.output == "1\n")
        }
    }

    @Test("order and division of the files do not matter")
    func anyOrder() throws {
        let folder = try Folder()
        let lines = String(decoding: try folder.sampleLog("connector-raw.log"), as: UTF8.self).split(separator: "\n")
        let query = """
            SELECT connection_id, started_at, ended_at, outcome, principal, device_id, connector_id, resource_id, address, port,
                bytes_received, bytes_transferred, relay, error, is_orphan FROM flow ORDER BY 1, 2
            """
        var results: Set<String> = []
        for (index, order) in [lines, lines.reversed()].enumerated() {
            for parts in [1, 4] {
                let database = "o\(index)-\(parts).db"
                let size = (order.count + parts - 1) / parts
                for part in 0..<parts {
                    let chunk = order.dropFirst(part * size).prefix(size).joined(separator: "\n") + "\n"
                    try folder.write("\(database).\(part).log", chunk)
                    let outcome = try Program.audit(
                        "ingest", "--db", database, "--format", "analytics", "\(database).\(part).log", in: folder)
                    // A part may hold no event: then nothing was looked at.
                    let holdsEvents = chunk.contains("ANALYTICS")
                    #expect(outcome.status == (holdsEvents ? 0 : 6), "\(outcome.errors)")
                }
                results.insert(try Program.shell("sqlite3 \(database) \"\(query)\"", in: folder).output)
                #expect(try Program.audit("db", "check", "--db", database, in: folder).status == 0)
            }
        }
        #expect(results.count == 1)
        #expect(results.first?.isEmpty == false)
    }

    @Test("a journal is read like the log that it was made of, and every flow can be followed to its frame")
    func journals() throws {
        let folder = try Folder()
        let log = try folder.sampleLog("connector-raw.log")
        try folder.write("a.log", log)
        #expect(try Program.journal("keygen", "--out", "key", in: folder).status == 0)
        #expect(try Program.journal("append", "journal", "--key", "key", in: folder, input: log).status == 0)
        let ingested = try Program.audit("ingest", "--db", "j.db", "journal", in: folder)
        #expect(ingested.status == 0, "\(ingested.errors)")
        #expect(try Program.audit("ingest", "--db", "l.db", "a.log", in: folder).status == 0)
        let query = "SELECT connection_id, started_at, ended_at, outcome, principal, address, bytes_received FROM flow ORDER BY 1"
        let fromJournal = try Program.shell("sqlite3 j.db \"\(query)\"", in: folder).output
        #expect(!fromJournal.isEmpty)
        #expect(try Program.shell("sqlite3 l.db \"\(query)\"", in: folder).output == fromJournal)

        #expect(try Program.audit("verify", "--db", "j.db", "--key", "key.pub", in: folder).status == 0)
        #expect(try Program.audit("verify", "--db", "j.db", in: folder).status == 6)

        // The sequence that trace gives is the record's in the journal.
        let first = try Program.shell("sqlite3 j.db 'SELECT connection_id FROM flow WHERE end_line IS NOT NULL LIMIT 1'", in: folder)
        let id = first.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let trace = try Program.audit("trace", "--db", "j.db", id, "--format", "ndjson", in: folder)
        let sequences = trace.output.split(separator: "\n").filter { $0.contains("\"sequence\"") }
            .compactMap { $0.split(separator: ":").last.flatMap { Int($0.dropLast()) } }
        #expect(sequences.count == 2)
        for sequence in sequences {
            let record = try Program.shell("zcat journal/*.gz | jq -r 'select(.seq == \(sequence)) | .connection.id'", in: folder)
            #expect(record.output == id + "\n")
        }
    }

    @Test("a journal that was changed after it was ingested is refused loudly")
    func changedJournal() throws {
        let folder = try Folder()
        let log = try folder.sampleLog("connector-raw.log")
        #expect(try Program.journal("keygen", "--out", "k", "--name", "changed.example/k", in: folder).status == 0)
        #expect(try Program.journal("append", "journal", "--key", "k", in: folder, input: log).status == 0)
        #expect(try Program.audit("ingest", "journal", in: folder).status == 0)
        // Another history of the same length, name and origin.
        try FileManager.default.removeItem(atPath: folder.path("journal"))
        let other = String(decoding: log, as: UTF8.self).replacingOccurrences(of: "@", with: "-at-")
        #expect(try Program.journal("append", "journal", "--key", "k", in: folder, input: Data(other.utf8)).status == 0)
        let before = try Program.audit("db", "dump", "--facts", in: folder).output
        let refused = try Program.audit("ingest", "journal", in: folder)
        #expect(refused.status == 5)
        #expect(refused.errors.contains("evidence was changed, nothing of it was read"))
        #expect(try Program.audit("db", "dump", "--facts", in: folder).output == before)
        let noted = try Program.shell("sqlite3 audit.db 'SELECT count(*) FROM source WHERE refusal IS NOT NULL'", in: folder).output
        #expect(noted == "1\n")
        #expect(try Program.audit("verify", in: folder).status == 5)
    }

    @Test("two ingests at once: one waits or says so")
    func lock() throws {
        let folder = try Folder()
        try folder.write("a.log", try folder.sampleLog("connector-raw.log"))
        let busy = try Program.shell(
            "flock audit.db-lock '\(Program.directory.path)/twin-audit' ingest --no-wait a.log; echo $?", in: folder)
        #expect(busy.output == "4\n")
        #expect(!folder.exists("audit.db"))
    }
}
