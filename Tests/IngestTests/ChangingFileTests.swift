import FlowJournal
import FlowModel
import Foundation
import Testing

@testable import FlowStore
@testable import Ingest

/// Suites that do something at a statement of an ingest: there is one hook for all, so they take turns.
@Suite(.serialized)
enum StatementTests {}

extension StatementTests {
    @Suite(.serialized)
    struct ChangingFiles {}
    @Suite(.serialized)
    struct StoreFailures {}
}

/// Files that change while they are read: nothing that is wrong is stored, nothing is lost, and it is said.
///
/// The change happens between two statements of the ingest, at every one in turn, so that it meets each step of reading.
extension StatementTests.ChangingFiles {
    enum Change: String, CaseIterable {
        /// Other bytes of the same length in the same file.
        case rewritten
        /// Another file under the same name.
        case replaced
        /// Copied away and emptied, as log rotation does.
        case truncated
        /// The same and then written anew, longer than before.
        case refilled
        /// More at the end.
        case appended
        case removed
    }

    enum Packing: String, CaseIterable {
        case plain
        case gzip
        case journal
        case report
    }

    private static func lines(_ user: Int, _ count: Int) -> [String] {
        (0..<count).map { index in
            """
            {"event_type":"established_connection","timestamp":\(SmallEvents.start + index * 1_000),"connection":{"id":"u\(user)-\(index)",\
            "protocol":"tcp","client_ip":"203.0.113.1","resource_ip":"10.0.0.1","resource_port":443},"user":{"id":"\(user)",\
            "email":"u\(user)@small.example"},"device":{"id":"7\(user)"},"connector":{"id":"1","name":"k"},\
            "remote_network":{"id":"9","name":"n"},"resource":{"id":"50","address":"r.small.example"},"relays":[]}
            """
        }
    }

    private static func rows(_ user: Int, _ count: Int) -> [String] {
        [ManyTongues.header]
            + (0..<count).map { index in
                let at = Timestamp(milliseconds: Int64(SmallEvents.start + index * 1_000)).rfc3339.prefix(19).replacing("T", with: " ")
                return
                    "\(at) UTC,\(at) UTC,u\(user)@small.example,\(user),7\(user),203.0.113.1,k,1,10.0.0.1,443,r.small.example,50,tcp,NORMAL,1,2,n,9,r.small.example,,,"
            }
    }

    /// One file or journal of a user's events.
    private static func write(_ user: Int, _ count: Int, _ packing: Packing, to path: String) throws {
        let lines = packing == .report ? rows(user, count) : lines(user, count)
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        switch packing {
        case .plain, .report: try Data(bytes).write(to: URL(fileURLWithPath: path))
        case .gzip: try Data(Parcel.deflate(bytes, windowBits: 31, level: 6)).write(to: URL(fileURLWithPath: path))
        case .journal:
            var options = JournalOptions()
            options.frameBytes = 2_000
            let writer = try JournalWriter(
                directory: path, options: options, identity: JournalIdentity(software: "test"),
                clock: { Timestamp(milliseconds: Int64(SmallEvents.start)) })
            for line in lines { _ = try writer.append(Array(line.utf8)) }
            try writer.close()
        }
    }

    /// The file of `path` that changes: of a journal its segment.
    private static func file(_ path: String, _ packing: Packing) -> String {
        packing == .journal ? path + "/000000000001.ndjson.gz" : path
    }

    private static func apply(_ change: Change, to file: String, from other: String, in folder: URL) throws {
        let manager = FileManager.default
        let rotated = folder.appendingPathComponent("rotated").path
        switch change {
        case .rewritten:
            let mine = try Data(contentsOf: URL(fileURLWithPath: file))
            let theirs = try Data(contentsOf: URL(fileURLWithPath: other))
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
            try handle.write(contentsOf: theirs.prefix(mine.count))
            try handle.close()
        case .replaced:
            let temporary = folder.appendingPathComponent("new").path
            try manager.copyItem(atPath: other, toPath: temporary)
            _ = rename(temporary, file)
        case .truncated:
            try manager.copyItem(atPath: file, toPath: rotated)
            truncate(file, 0)
        case .refilled:
            try manager.copyItem(atPath: file, toPath: rotated)
            truncate(file, 0)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
            try handle.write(contentsOf: Data(contentsOf: URL(fileURLWithPath: other)))
            try handle.close()
        case .appended:
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(contentsOf: URL(fileURLWithPath: other)))
            try handle.close()
        case .removed: try manager.removeItem(atPath: file)
        }
    }

    @Test("whatever changes at whatever step, rows are of bytes that were there together", arguments: Packing.allCases, Change.allCases)
    func anyStep(packing: Packing, change: Change) throws {
        let count = 60
        // How many statements an undisturbed ingest has.
        let quiet = try Store()
        let path = quiet.folder.appendingPathComponent("log").path
        try StatementTests.ChangingFiles.write(1, count, packing, to: path)
        nonisolated(unsafe) var statements = 0
        RawStatement.beforeStep = { if $0.contains(quiet.folder.lastPathComponent) { statements += 1 } }
        var options = Ingest.Options()
        options.batchFlows = 7
        options.transactionEvents = 20
        _ = try Ingest(options: options).run(paths: [path], databasePath: quiet.path)
        RawStatement.beforeStep = nil
        #expect(statements > 30)

        let isThorough = ProcessInfo.processInfo.environment["TWIN_THOROUGH"] != nil
        for step in stride(from: 1, through: statements, by: isThorough ? 1 : max(1, statements / 12)) {
            let store = try Store()
            let path = store.folder.appendingPathComponent("log").path
            let other = store.folder.appendingPathComponent("other").path
            try StatementTests.ChangingFiles.write(1, count, packing, to: path)
            try StatementTests.ChangingFiles.write(2, count * 2, packing, to: other)
            let (file, source) = (StatementTests.ChangingFiles.file(path, packing), StatementTests.ChangingFiles.file(other, packing))
            nonisolated(unsafe) var seen = 0
            let folder = store.folder
            RawStatement.beforeStep = { name in
                guard name.contains(folder.lastPathComponent) else { return }
                seen += 1
                if seen == step { try StatementTests.ChangingFiles.apply(change, to: file, from: source, in: folder) }
            }
            let report: IngestReport
            do {
                defer { RawStatement.beforeStep = nil }
                report = try Ingest(options: options).run(paths: [path], databasePath: store.path)
            }
            let what: Comment = "\(packing) \(change) at statement \(step): \(report.refusals.map(\.message))"
            guard FileManager.default.fileExists(atPath: store.path) else {
                #expect(!report.refusals.isEmpty || !report.warnings.isEmpty, what)
                continue
            }
            let first = try store.number("SELECT count(*) FROM flow WHERE principal_id = '1'")
            let second = try store.number("SELECT count(*) FROM flow WHERE principal_id = '2'")
            if report.refusals.isEmpty {
                // One state of the file, whole: that of before, or that of after the change, or, of one that grew, both.
                #expect(first == Int64(count) || (first == 0 && second > 0), what)
            }
            // Rows of the other user come from a state that held nothing else, or from what was appended.
            if first > 0, change != .appended { #expect(second == 0, what) }
            #expect(try store.problems() == [], what)
            // What was rotated away is taken in whole, whatever was taken in of it before.
            let rotated = store.folder.appendingPathComponent("rotated").path
            if FileManager.default.fileExists(atPath: rotated), packing != .journal {
                _ = try Ingest(options: options).run(paths: [rotated], databasePath: store.path)
                let all = try store.number("SELECT count(*) FROM flow WHERE principal_id = '1'")
                #expect(all == Int64(count), what)
                #expect(try store.problems() == [], what)
            }
        }
    }
}
