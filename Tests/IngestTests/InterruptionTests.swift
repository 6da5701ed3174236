import FlowStore
import Foundation
import GRDB
import Ingest
import Testing

struct InterruptionTests {
    @Test("stopped between batches, the next run goes on and ends with the same flows")
    func stopped() throws {
        var lines: [String] = []
        for index in 0..<120_000 {
            lines.append(CalibrationTests.line("established_connection", id: index, at: SmallEvents.start + index))
        }
        let whole = try Store()
        try whole.ingest(lines)
        let stopped = try Store()
        let folder = stopped.folder.appendingPathComponent("log.ndjson")
        try (lines.joined(separator: "\n") + "\n").write(to: folder, atomically: true, encoding: .utf8)
        var ingest = Ingest(options: Ingest.Options())
        ingest.shouldStop = { true }
        // Stops before the first file, then after each batch.
        _ = try ingest.run(paths: [folder.path], databasePath: stopped.path)
        var asked = 0
        ingest.shouldStop = {
            asked += 1
            return asked > 1
        }
        let first = try ingest.run(paths: [folder.path], databasePath: stopped.path)
        #expect(first.newFlows > 0)
        #expect(first.newFlows < 120_000)
        #expect(try stopped.number("SELECT complete FROM source") == 0)
        ingest.shouldStop = nil
        let rest = try ingest.run(paths: [folder.path], databasePath: stopped.path)
        #expect(rest.duplicates == 0)
        #expect(first.newFlows + rest.newFlows == 120_000)
        #expect(try stopped.problems() == [])
        #expect(try stopped.flows() == whole.flows())
    }

    @Test("a database whose making was cut short is made by the next ingest; one of another program is left alone")
    func cutShort() throws {
        for (tables, isRefused) in [(["grdb_migrations"], false), (["grdb_migrations", "notes"], true), (["notes"], true)] {
            let store = try Store()
            let queue = try DatabaseQueue(path: store.path)
            try queue.write { connection in
                for table in tables { try connection.execute(sql: "CREATE TABLE \(table) (identifier TEXT NOT NULL PRIMARY KEY)") }
            }
            try queue.close()
            let lines = [CalibrationTests.line("established_connection", id: 1, at: SmallEvents.start)]
            if isRefused {
                #expect(throws: StoreFailure.self) { try store.ingest(lines) }
            } else {
                try store.ingest(lines)
                #expect(try store.flows().count == 1)
                #expect(try store.problems() == [])
            }
        }
    }
}
