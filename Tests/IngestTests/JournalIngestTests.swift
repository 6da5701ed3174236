import FlowJournal
import FlowModel
import Foundation
import Testing

@testable import FlowStore
@testable import Ingest

/// Journals of several segments, whole, growing, and copied in any order.
struct JournalIngestTests {
    private static func line(_ index: Int) -> [UInt8] {
        Array(CalibrationTests.line("established_connection", id: index, at: SmallEvents.start + index).utf8)
    }

    private static func write(_ range: Range<Int>, to directory: String) throws {
        var options = JournalOptions()
        options.frameBytes = 900
        options.segmentBytes = 900
        let writer = try JournalWriter(
            directory: directory, options: options, identity: JournalIdentity(software: "test"),
            clock: { Timestamp(milliseconds: Int64(SmallEvents.start)) })
        for index in range { _ = try writer.append(line(index)) }
        try writer.close()
    }

    private static func segments(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".ndjson.gz") }.sorted()
    }

    private static func ingest(_ store: Store, _ directory: String, commitEvery: Int = 1_000_000) throws -> IngestReport {
        var options = Ingest.Options()
        options.transactionEvents = commitEvery
        options.batchFlows = 7
        return try Ingest(options: options).run(paths: [directory], databasePath: store.path)
    }

    @Test("a journal of many segments is taken in, known again, and followed as it grows", arguments: [5, 1_000_000])
    func manySegments(commitEvery: Int) throws {
        let store = try Store()
        let directory = store.folder.appendingPathComponent("journal").path
        try JournalIngestTests.write(0..<120, to: directory)
        let count = try JournalIngestTests.segments(directory).count
        #expect(count > 4)
        let first = try JournalIngestTests.ingest(store, directory, commitEvery: commitEvery)
        #expect(first.refusals.map(\.message) == [])
        #expect(first.filesRead == count)
        #expect(first.newFlows == 120)
        let again = try JournalIngestTests.ingest(store, directory, commitEvery: commitEvery)
        #expect(again.refusals.map(\.message) == [])
        #expect((again.filesRead, again.filesKnown, again.newFlows) == (0, count, 0))
        try JournalIngestTests.write(120..<200, to: directory)
        let grown = try JournalIngestTests.ingest(store, directory, commitEvery: commitEvery)
        #expect(grown.refusals.map(\.message) == [])
        #expect((grown.newFlows, grown.duplicates) == (80, 0))
        #expect(try store.number("SELECT count(*) FROM flow") == 200)
        #expect(try store.number("SELECT count(*) FROM source") == Int64(JournalIngestTests.segments(directory).count))
        #expect(try store.problems() == [])
        // The tree that is remembered is the one that the journal has.
        let pass = try JournalPass(JournalDirectory(directory))
        while try pass.next() != nil {}
        let size = Int64(pass.head.size)
        #expect(try store.number("SELECT count(*) FROM journal_root WHERE frames = \(size) AND root = '\(pass.head.root.base64)'") > 0)
    }

    @Test(
        "ingested while it is copied, files in any order and cut anywhere, it is whole in the end and never changed evidence",
        arguments: 0..<12)
    func copied(seed: Int) throws {
        var numbers = Numbers(seed: UInt64(seed))
        let store = try Store()
        let source = store.folder.appendingPathComponent("source").path
        let target = store.folder.appendingPathComponent("target").path
        try JournalIngestTests.write(0..<90, to: source)
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        let names = try FileManager.default.contentsOfDirectory(atPath: source).shuffled(using: &numbers)
        // As cp and rsync do: one file behind the other; some are looked at in the middle.
        for name in names {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: source + "/" + name))
            let place = URL(fileURLWithPath: target + "/" + name)
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: source + "/" + name, isDirectory: &isDirectory), isDirectory.boolValue { continue }
            if Int.random(in: 0..<4, using: &numbers) == 0, !bytes.isEmpty {
                try bytes.prefix(Int.random(in: 0..<bytes.count, using: &numbers)).write(to: place)
                let report = try JournalIngestTests.ingest(store, target)
                // A copy that stands still in the middle of a frame may be told of, and is not remembered.
                for refusal in report.refusals { #expect(!refusal.message.contains("no longer"), "\(refusal.message)") }
                if FileManager.default.fileExists(atPath: store.path) { #expect(try store.problems() == []) }
            }
            try bytes.write(to: place)
        }
        let report = try JournalIngestTests.ingest(store, target)
        #expect(report.refusals.map(\.message) == [])
        #expect(try store.number("SELECT count(*) FROM flow") == 90)
        #expect(try store.problems() == [])
        let whole = try Store()
        _ = try JournalIngestTests.ingest(whole, source)
        #expect(try store.facts() == whole.facts())
        let once = try JournalIngestTests.ingest(store, target)
        #expect(once.refusals.map(\.message) == [])
        #expect(once.newFlows == 0)
    }

    @Test("a byte changed, a frame taken out or a segment exchanged behind what was ingested is changed evidence")
    func changed() throws {
        for change in 0..<3 {
            let store = try Store()
            let directory = store.folder.appendingPathComponent("journal").path
            try JournalIngestTests.write(0..<90, to: directory)
            _ = try JournalIngestTests.ingest(store, directory)
            let before = try store.facts()
            let segment = URL(fileURLWithPath: directory + "/000000000002.ndjson.gz")
            var bytes = try Data(contentsOf: segment)
            switch change {
            case 0: bytes[bytes.count / 2] ^= 1
            case 1: bytes = Data(bytes[(try #require(bytes.range(of: Data([0x1f, 0x8b, 8, 4]), in: 4..<bytes.count))).lowerBound...])
            default: bytes = try Data(contentsOf: URL(fileURLWithPath: directory + "/000000000003.ndjson.gz"))
            }
            try bytes.write(to: segment)
            let report = try JournalIngestTests.ingest(store, directory)
            #expect(report.refusals.contains { $0.kind == .tampered }, "\(change): \(report.refusals.map(\.message))")
            #expect(try store.facts() == before)
        }
    }
}
