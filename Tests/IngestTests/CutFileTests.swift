import FlowJournal
import Foundation
import Testing

@testable import FlowStore
@testable import Ingest

/// A compressed file that ends too early is read as far as it goes, and read on when the whole of it comes.
@Suite struct CutFileTests {
    private static func options() -> Ingest.Options {
        var options = Ingest.Options()
        options.batchFlows = 50
        options.transactionEvents = 100
        return options
    }

    /// A log of some hundred connections in several pieces, and a report.
    private static func text(_ isReport: Bool) -> String {
        var numbers = Numbers(seed: 11)
        var records = (0..<400).flatMap { ManyTongues.connection($0, using: &numbers) }.filter {
            ($0.kind == .row) == isReport && $0.kind != .synced
        }
        records.shuffle(using: &numbers)
        let lines = (isReport ? [ManyTongues.header] : []) + records.map(\.text)
        return lines.joined(separator: "\n") + "\n"
    }

    /// What the cut file inflates to, by a loop of its own.
    private static func inflated(_ path: String) throws -> [UInt8] {
        let reader = try ByteStreamReader(path: path)
        var found: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1_000)
        do {
            while true {
                let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
                if count == 0 { return found }
                found += buffer[..<count]
            }
        } catch StreamProblem.truncated {
            return found
        }
    }

    @Test("what stands before the cut is what its lines say; the whole file adds what was missing", arguments: [false, true], 1...8)
    func cut(isReport: Bool, eighth: Int) throws {
        let whole = try Store()
        let packed = try Parcel.deflate(Array(CutFileTests.text(isReport).utf8), windowBits: 31, level: 6)
        let path = whole.folder.appendingPathComponent("log.gz").path
        let cut = eighth == 8 ? packed.count - 3 : packed.count * eighth / 8
        try Data(packed[..<cut]).write(to: URL(fileURLWithPath: path))

        // The lines before the cut, as a plain file.
        let before = try CutFileTests.inflated(path)
        let lines = before[...(before.lastIndex(of: 10) ?? 0)]
        let plain = try Store()
        let plainPath = plain.folder.appendingPathComponent("lines").path
        try Data(lines).write(to: URL(fileURLWithPath: plainPath))
        _ = try Ingest(options: CutFileTests.options()).run(paths: [plainPath], databasePath: plain.path)

        let store = try Store()
        for _ in 0..<2 {
            let report = try Ingest(options: CutFileTests.options()).run(paths: [path], databasePath: store.path)
            #expect(report.refusals.count == 1)
            #expect(report.refusals.first?.kind == .refused)
            #expect(report.refusals.first?.message.contains("cut off at byte \(cut)") == true)
            #expect(try store.flows() == plain.flows())
            #expect(try store.number("SELECT count(*) FROM source") == 1)
            #expect(try store.number("SELECT count(*) FROM quarantine") == 0)
        }

        try Data(packed).write(to: URL(fileURLWithPath: path))
        let completed = try Ingest(options: CutFileTests.options()).run(paths: [path], databasePath: store.path)
        #expect(completed.refusals.isEmpty)
        #expect(completed.filesRead == 1)
        // A report is read from its beginning again.
        #expect(completed.filesContinued == (isReport ? 0 : 1))
        _ = try Ingest(options: CutFileTests.options()).run(paths: [path], databasePath: whole.path)
        #expect(try store.facts() == whole.facts())
        #expect(try store.problems() == [])
        #expect(try Ingest(options: CutFileTests.options()).run(paths: [path], databasePath: store.path).filesKnown == 1)
    }

    @Test("stopped before the checksum was met, nothing of a compressed file stays", arguments: [false, true])
    func stopped(isDamaged: Bool) throws {
        var numbers = Numbers(seed: 12)
        let lines = (0..<12_000).flatMap { SmallEvents.connection($0, using: &numbers) }
        var packed = try Parcel.deflate(Array((lines.joined(separator: "\n") + "\n").utf8), windowBits: 31, level: 1)
        // The last bytes are the checksum and the length.
        if isDamaged { packed[packed.count - 6] ^= 1 }
        let store = try Store()
        let plain = store.folder.appendingPathComponent("a.ndjson").path
        let path = store.folder.appendingPathComponent("b.gz").path
        try Data((SmallEvents.connection(99_999, using: &numbers).joined(separator: "\n") + "\n").utf8).write(
            to: URL(fileURLWithPath: plain))
        try Data(packed).write(to: URL(fileURLWithPath: path))
        var ingest = Ingest(options: CutFileTests.options())
        _ = try ingest.run(paths: [plain], databasePath: store.path)
        let before = try store.facts()
        var asked = 0
        // Once before the file, then after each of its pieces.
        ingest.shouldStop = {
            asked += 1
            return asked > 2
        }
        let report = try ingest.run(paths: [path], databasePath: store.path)
        #expect(asked > 2)
        #expect(report.filesRead == 0)
        #expect(report.newFlows == 0)
        #expect(try store.facts() == before)
        #expect(try store.problems() == [])

        ingest.shouldStop = nil
        let again = try ingest.run(paths: [path], databasePath: store.path)
        #expect(again.refusals.count == (isDamaged ? 1 : 0))
        #expect(try (store.facts() == before) == isDamaged)
    }
}
