import FlowJournal
import FlowModel
import Foundation
import GRDB
import Testing

@testable import FlowStore
@testable import Ingest

/// Journals that are moved, copied, renamed, made anew and set back between ingests, held against a rule that knows nothing of files: what was
/// ingested of an origin must be the beginning of what is ingested of it later, and every origin is a journal of its own, wherever it is.
struct JournalPlaceTests {
    /// What a directory holds: runs of a writer, each of which is like no other.
    private struct Content: Equatable {
        var origin: String
        var runs: [Int]
    }

    /// The directories, and what was made of them.
    private final class World {
        static let flowsInRun = 9

        let store: Store
        var numbers: Numbers
        private(set) var contents: [String: Content] = [:]
        private var lastRun = 0
        private var lastOrigin = 0
        /// What was taken in of each origin, where it was then, and which origin was taken in last from each directory.
        private(set) var taken: [String: [Int]] = [:]
        private(set) var places: [String: Set<String>] = [:]
        private var lastIn: [String: String] = [:]

        init(seed: Int) throws {
            store = try Store()
            numbers = Numbers(seed: UInt64(seed))
        }

        func url(_ name: String) -> URL { store.folder.appendingPathComponent("journals/" + name) }

        func pick<Element>(_ elements: some Collection<Element>) -> Element? { elements.randomElement(using: &numbers) }

        /// One change of the directories, at random.
        func change() throws {
            let names = ["a", "b", "c", "d"]
            let full = names.filter { contents[$0] != nil }
            guard let some = pick(full) else { return try make(in: pick(names) ?? "a", origin: nil) }
            let other = pick(names.filter { $0 != some }) ?? "a"
            switch Int.random(in: 0..<8, using: &numbers) {
            case 0, 1: try append(to: some)
            case 2: try move(some, to: other)
            case 3: try copy(some, to: other)
            case 4: try make(in: other, origin: nil)
            case 5:
                try move(some, to: other)
                try make(in: some, origin: nil)
            case 6: try make(in: some, origin: contents[some]?.origin)
            default: try remove(some)
            }
        }

        private func remove(_ name: String) throws {
            if contents[name] != nil { try FileManager.default.removeItem(at: url(name)) }
            contents[name] = nil
        }

        func move(_ name: String, to target: String) throws {
            try remove(target)
            try FileManager.default.moveItem(at: url(name), to: url(target))
            (contents[target], contents[name]) = (contents[name], nil)
        }

        private func copy(_ name: String, to target: String) throws {
            try remove(target)
            try FileManager.default.copyItem(at: url(name), to: url(target))
            contents[target] = contents[name]
        }

        func make(in name: String, origin: String?) throws {
            try remove(name)
            lastOrigin += 1
            contents[name] = Content(origin: origin ?? "journal.example/\(lastOrigin)", runs: [])
            try append(to: name)
        }

        func append(to name: String) throws {
            guard var content = contents[name] else { return }
            lastRun += 1
            content.runs.append(lastRun)
            contents[name] = content
            var options = JournalOptions()
            (options.frameBytes, options.segmentBytes) = (900, 900)
            let writer = try JournalWriter(
                directory: url(name).path, options: options, identity: JournalIdentity(origin: content.origin, software: "test"),
                clock: { Timestamp(milliseconds: Int64(SmallEvents.start)) })
            for index in 0..<World.flowsInRun {
                let id = lastRun * 100 + index
                _ = try writer.append(Array(CalibrationTests.line("established_connection", id: id, at: SmallEvents.start + id).utf8))
            }
            try writer.close()
        }

        /// Ingests a directory, and holds what comes of it against the rule.
        func ingest(_ name: String) throws {
            guard let content = contents[name] else { return }
            let before = taken[content.origin] ?? []
            let report = try Ingest(options: Ingest.Options()).run(paths: [url(name).path], databasePath: store.path)
            let isOther = lastIn[name].map { $0 != content.origin } ?? false
            #expect(report.warnings.contains { $0.contains("holds another journal than before") } == isOther, "\(report.warnings)")
            guard content.runs.starts(with: before) else {
                #expect(report.refusals.map(\.kind) == [.tampered], "\(content) after \(before): \(report.refusals.map(\.message))")
                return
            }
            #expect(report.refusals.map(\.message) == [], "\(content) after \(before)")
            #expect(report.newFlows == Int64((content.runs.count - before.count) * World.flowsInRun))
            taken[content.origin] = content.runs
            places[content.origin, default: []].insert(name)
            lastIn[name] = content.origin
        }

        /// Verifies all that was ingested: a journal was tampered with when it is still where it was taken in, and at none of these places
        /// extends what was taken in.
        func verify() throws {
            guard !taken.isEmpty else { return }
            let database = try AuditDatabase(path: store.path, mode: .readOnly)
            defer { try? database.close() }
            let items = try SourceAgreement.verify(database, keys: [], settleMs: 0).filter(\.isJournal)
            #expect(items.count == taken.count)
            let expected = taken.count { origin, runs in
                let there = (places[origin] ?? []).compactMap { contents[$0] }.filter { $0.origin == origin }
                return !there.isEmpty && !there.contains { $0.runs.starts(with: runs) }
            }
            #expect(items.count { $0.answer == .tampered } == expected, "\(items.map { ($0.path, $0.answer, $0.remarks) })")
            // Without a key nothing more is said.
            #expect(items.allSatisfy { $0.answer == .tampered || $0.answer == .cannotBeProved })
            let flows = taken.values.reduce(into: Set<Int>()) { $0.formUnion($1) }.count * World.flowsInRun
            #expect(try store.number("SELECT count(*) FROM flow") == Int64(flows))
            if expected == 0 {
                let derived = store.folder.appendingPathComponent("derived-\(UUID().uuidString).db").path
                let rows = try RowAgreement.check(database, derivingInto: derived)
                if case .differs(let sentences) = rows { Issue.record("\(sentences)") }
                let allAreThere = taken.allSatisfy { origin, runs in
                    let there = (places[origin] ?? []).compactMap { contents[$0] }.filter { $0.origin == origin }
                    return there.count == 1 && there.first?.runs == runs
                }
                if allAreThere { #expect({ if case .agrees = rows { true } else { false } }(), "\(rows)") }
            }
        }
    }

    @Test("journals are known by what they are, not by where they are", arguments: 0..<24)
    func anyOrder(seed: Int) throws {
        let world = try World(seed: seed)
        for _ in 0..<14 {
            try world.change()
            if Int.random(in: 0..<3, using: &world.numbers) > 0 {
                for name in ["a", "b", "c", "d"] where Bool.random(using: &world.numbers) { try world.ingest(name) }
            }
            if Int.random(in: 0..<3, using: &world.numbers) == 0 { try world.verify() }
        }
        try world.verify()
        #expect(try world.store.problems() == [])
    }

    @Test(
        "a database from before origins were noted knows the journal that was moved away from the one that is there now", arguments: [0, 1])
    func olderDatabase(movedFirst: Int) throws {
        let world = try World(seed: 7)
        try world.make(in: "a", origin: nil)
        try world.ingest("a")
        let queue = try DatabaseQueue(path: world.store.path)
        try queue.writeWithoutTransaction { connection in
            try connection.execute(
                sql: """
                    ALTER TABLE source_file DROP COLUMN origin;
                    ALTER TABLE journal_root DROP COLUMN origin;
                    DELETE FROM grdb_migrations WHERE identifier = 'origins of journals';
                    """)
        }
        try queue.close()
        try world.move("a", to: "b")
        try world.make(in: "a", origin: nil)
        if movedFirst == 1 { try world.ingest("b") }
        try world.ingest("a")
        try world.ingest("b")
        try world.append(to: "a")
        try world.append(to: "b")
        try world.ingest("b")
        try world.ingest("a")
        try world.verify()
        // The same origin again is the same journal, which must be there.
        try world.make(in: "a", origin: world.taken.keys.sorted().last)
        try world.ingest("a")
        try world.verify()
    }
}
