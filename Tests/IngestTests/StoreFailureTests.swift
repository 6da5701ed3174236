import Foundation
import GRDB
import Testing

@testable import FlowStore
@testable import Ingest

/// Whatever statement of an ingest fails, nothing of one user is given to another, nothing is lost, and the next run makes it good.
extension StatementTests.StoreFailures {
    struct Broken: Error {}

    private static func parts(seed: UInt64) -> [[String]] {
        var numbers = Numbers(seed: seed)
        return (0..<4).map { part in (0..<12).flatMap { SmallEvents.connection(part * 100 + $0, using: &numbers) } }
    }

    private static func write(_ parts: [[String]], to store: Store) throws -> [String] {
        try parts.enumerated().map { number, lines in
            let file = store.folder.appendingPathComponent("part\(number).ndjson")
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
            return file.path
        }
    }

    private static func options() -> Ingest.Options {
        var options = Ingest.Options()
        // Several batches and transactions in each file.
        options.batchFlows = 5
        options.transactionEvents = 15
        return options
    }

    /// Runs `body` with the given statement failing on every connection to files below `folder`; gives how many statements there were.
    private static func failing(at wanted: Int, in folder: String, _ body: () throws -> Void) rethrows -> Int {
        nonisolated(unsafe) var count = 0
        RawStatement.beforeStep = { file in
            // Other suites run beside this one.
            guard file.contains(folder) else { return }
            count += 1
            if count == wanted { throw Broken() }
        }
        defer { RawStatement.beforeStep = nil }
        try body()
        return count
    }

    @Test("a statement that fails ends the run, undone; the next run completes it row for row")
    func anyStatement() throws {
        let parts = StatementTests.StoreFailures.parts(seed: 3)
        let whole = try Store()
        let paths = try StatementTests.StoreFailures.write(parts, to: whole)
        let statements = try StatementTests.StoreFailures.failing(at: -1, in: whole.folder.lastPathComponent) {
            _ = try Ingest(options: StatementTests.StoreFailures.options()).run(paths: paths, databasePath: whole.path)
        }
        let expected = try whole.facts()
        #expect(statements > 100)
        // Every one of them when asked for, a part of them in the ordinary run.
        let step = ProcessInfo.processInfo.environment["TWIN_THOROUGH"] == nil ? 7 : 1
        for wanted in stride(from: 1, through: statements, by: step) {
            let store = try Store()
            let paths = try StatementTests.StoreFailures.write(parts, to: store)
            var reached: Int?
            do {
                reached = try StatementTests.StoreFailures.failing(at: wanted, in: store.folder.lastPathComponent) {
                    _ = try Ingest(options: StatementTests.StoreFailures.options()).run(paths: paths, databasePath: store.path)
                }
            } catch {
                // As it should: the statement failed, and with it the run.
            }
            // How often a transaction ends depends on time too: a run may be over before its last statement of another time.
            if let reached { #expect(reached < wanted, "statement \(wanted)") }
            if FileManager.default.fileExists(atPath: store.path) {
                // What is there is a part of what is right: no flow of anybody that is not in the records.
                let known = Set(parts.joined().compactMap { $0.firstMatch(of: /"id":"(c\d+-\d)"/).map { String($0.1) } })
                let database = try AuditDatabase(path: store.path, mode: .readWrite)
                let stored = try database.read { try String.fetchAll($0, sql: "SELECT connection_id || ' ' || principal_id FROM flow") }
                for flow in stored {
                    let parts = flow.split(separator: " ")
                    #expect(known.contains(String(parts[0])) && parts[0].hasSuffix("-\(parts[1])"), "statement \(wanted): \(flow)")
                }
                #expect(try store.problems() == [])
            }
            _ = try Ingest(options: StatementTests.StoreFailures.options()).run(paths: paths, databasePath: store.path)
            #expect(try store.facts() == expected, "statement \(wanted)")
            #expect(try store.problems() == [])
        }
    }

    @Test("a damaged file among others: nothing of it stays, the others are as if it had not been there", arguments: 0..<3)
    func faultyFile(place: Int) throws {
        let parts = StatementTests.StoreFailures.parts(seed: 5)
        let whole = try Store()
        for (number, path) in try StatementTests.StoreFailures.write(parts, to: whole).enumerated() where number != 1 {
            _ = try Ingest(options: StatementTests.StoreFailures.options()).run(paths: [path], databasePath: whole.path)
        }
        let store = try Store()
        var paths = try StatementTests.StoreFailures.write(parts, to: store)
        // The second file is compressed and damaged behind `place` thirds of it.
        let lines = (0..<200).flatMap { round in parts[1].map { $0.replacing(#""id":"c1"#, with: #""id":"c\#(round)x1"#) } }
        let packed = try Parcel.deflate(Array((lines.joined(separator: "\n") + "\n").utf8), windowBits: 31, level: 6)
        let damaged = packed.enumerated().map { index, byte in index == packed.count * (place + 1) / 4 ? byte ^ 0x55 : byte }
        let file = store.folder.appendingPathComponent("part1.ndjson.gz")
        try Data(damaged).write(to: file)
        paths[1] = file.path
        let report = try Ingest(options: StatementTests.StoreFailures.options()).run(paths: paths, databasePath: store.path)
        #expect(report.refusals.count == 1)
        #expect(report.refusals.first?.path == file.path)
        #expect(report.filesRead == 3)
        #expect(try store.number("SELECT count(*) FROM source WHERE refusal IS NOT NULL") == 1)
        // Neither its lines nor what damage made of them.
        #expect(try store.number("SELECT count(*) FROM flow WHERE connection_id LIKE '%x1%'") == 0)
        #expect(try store.facts() == whole.facts())
        #expect(try store.problems() == [])
        for path in [paths[0], paths[2], paths[3]] {
            let again = try Ingest(options: StatementTests.StoreFailures.options()).run(paths: [path], databasePath: store.path)
            #expect(again.filesKnown == 1)
        }
    }
}
