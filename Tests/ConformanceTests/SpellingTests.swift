import FlowModel
import Foundation
import LogFormats
import Testing

@testable import FlowJournal

/// Names and types that are written with escapes: what the journal's writer takes, its verifier calls sound, and the reader of events takes for
/// the same as whoever compares bytes.
@Suite struct SpellingTests {
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ (state >> 33)) &* 0xff51_afd7_ed55_8ccd
        }
    }

    /// A record from outside, spelled with escapes and without.
    private struct Spelled {
        var escaped = ""
        var plain = ""
        /// A name of the outermost object, or its type, has an escape.
        var isHidden = false
        /// The type is one that only the journal itself may write.
        var isReserved = false
        /// `timestamp` or `event_type` is there twice, as bytes.
        var isRepeated = false
    }

    private static let types = [
        "denied_access", "closed_connection", "heartbeat", "policy_applied", "made_up", "journal_opened", "journal_closed", "records_lost",
        "source_position",
    ]

    private static func text(_ value: String, escapes: Bool, _ numbers: inout Numbers) -> (text: String, hasEscape: Bool) {
        var (text, hasEscape) = ("", false)
        for scalar in value.unicodeScalars {
            guard escapes, Int.random(in: 0..<4, using: &numbers) == 0 else {
                text.unicodeScalars.append(scalar)
                continue
            }
            let digits = String(scalar.value, radix: 16, uppercase: Bool.random(using: &numbers))
            text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            hasEscape = true
        }
        return (text, hasEscape)
    }

    private static func record(_ numbers: inout Numbers) -> Spelled {
        var made = Spelled()
        var names = ["timestamp", "event_type", "connection", "user", "seqs", "other"].shuffled(using: &numbers)
        if Int.random(in: 0..<4, using: &numbers) == 0 {
            names.append(["timestamp", "event_type", "other"].randomElement(using: &numbers) ?? "")
        }
        let escapes = Int.random(in: 0..<3, using: &numbers) > 0
        var (escaped, plain) = ([String](), [String]())
        var seen: Set<String> = []
        for name in names {
            let key = text(name, escapes: escapes && Int.random(in: 0..<4, using: &numbers) == 0, &numbers)
            made.isHidden = made.isHidden || key.hasEscape
            let isRead = name == "timestamp" || name == "event_type"
            if isRead, !key.hasEscape, !seen.insert(name).inserted { made.isRepeated = true }
            let value: (String, String)
            switch name {
            case "timestamp": value = ("1789344000001", "1789344000001")
            case "event_type":
                let type = types.randomElement(using: &numbers) ?? ""
                let spelled = text(type, escapes: escapes && Int.random(in: 0..<3, using: &numbers) == 0, &numbers)
                made.isHidden = made.isHidden || (spelled.hasEscape && !key.hasEscape)
                let isOwn = JournalRecordKind.allCases.contains { $0.isReserved && "\($0.name)" == type }
                if isOwn, !spelled.hasEscape, !key.hasEscape { made.isReserved = true }
                value = ("\"\(spelled.text)\"", "\"\(type)\"")
            case "connection":
                // Further in, names may be written as one likes.
                let (inner, id) = (text("id", escapes: true, &numbers).text, text("c-1", escapes: true, &numbers).text)
                value = ("{\"\(inner)\":\"\(id)\"}", "{\"id\":\"c-1\"}")
            case "user": value = ("{\"\(text("email", escapes: true, &numbers).text)\":\"a@b.example\"}", "{\"email\":\"a@b.example\"}")
            default: value = ("1", "1")
            }
            escaped.append("\"\(key.text)\":\(value.0)")
            plain.append("\"\(name)\":\(value.1)")
        }
        (made.escaped, made.plain) = ("{" + escaped.joined(separator: ",") + "}", "{" + plain.joined(separator: ",") + "}")
        return made
    }

    /// What the writer says; nil when it takes the record.
    private static func refusal(_ record: String, _ directory: String) throws -> JournalProblem? {
        let writer = try JournalWriter(
            directory: directory, identity: JournalIdentity(software: "test"), clock: { Timestamp(milliseconds: 1_789_344_000_000) })
        defer { try? writer.close() }
        do throws(JournalProblem) {
            _ = try writer.append(Array(record.utf8))
            return nil
        } catch {
            return error
        }
    }

    /// Whether the verifier finds damage in a frame that holds just this record, with a header that fits.
    private static func isDamaged(_ record: String, _ directory: String) throws -> Bool {
        let line = Array(("{\"seq\":1," + record.dropFirst() + "\n").utf8)
        var content = FrameEncoder.Content()
        content.recordCount = 1
        content.firstSequence = 1
        if let facts = try? line.dropLast().withUnsafeBytes({ try RecordScanner.scan($0) }) {
            content.timestamps.include(facts.timestamp)
            if facts.kind?.concernsVerifier == true { content.flags |= FrameHeader.holdsJournalRecords }
        }
        var (member, next) = ([UInt8](), [UInt8]())
        _ = line.withUnsafeBytes { FrameEncoder(level: 6).encode($0, content, into: &member) }
        // Another frame behind it: an unsound last one would be taken for torn.
        content = FrameEncoder.Content(recordCount: 1, firstSequence: 2)
        content.timestamps.include(nil)
        _ = Array("{\"seq\":2}\n".utf8).withUnsafeBytes { FrameEncoder(level: 6).encode($0, content, into: &next) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(member + next).write(to: URL(fileURLWithPath: directory + "/000000000001.ndjson.gz"))
        var verifier = JournalVerifier(JournalDirectory(directory))
        verifier.depth = .records
        return try verifier.verify().findings.contains { $0.kind == .frameDamaged }
    }

    /// What the reader of events makes of a record of a journal, without the text that it keeps.
    private static func read(_ record: String) -> [String] {
        let line = Array(("{\"seq\":1," + record.dropFirst()).utf8)
        let symbols = SymbolTable(seed: 1)
        let batch = RecordBatch(symbols: symbols)
        line.withUnsafeBytes { LineDecoder(format: .analytics, symbols: symbols).decode($0, isLast: true, into: batch) }
        return batch.flows.map { "flow \($0.kind) \($0.timestamp) \($0.connectionID.text) \($0.sequence)" }
            + batch.journalEvents.map { "journal \($0.kind.rawValue) \($0.timestamp) \($0.sequence)" }
            + batch.otherEvents.map { "other \($0.type)" } + batch.quarantined.map { "set aside: \($0.reason.rawValue)" }
    }

    @Test(arguments: 0..<20)
    func allJudgeAlike(seed: Int) throws {
        var numbers = Numbers(state: UInt64(seed) &* 31 &+ 3)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-spelling-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for round in 0..<25 {
            let record = SpellingTests.record(&numbers)
            let refusal = try SpellingTests.refusal(record.escaped, "\(folder)/w\(round)")
            let isDamaged = try SpellingTests.isDamaged(record.escaped, "\(folder)/v\(round)")
            #expect((refusal != nil) == (record.isHidden || record.isReserved || record.isRepeated), "\(record.escaped) \(refusal as Any)")
            #expect(isDamaged == (record.isHidden || record.isRepeated), "\(record.escaped)")
            // To the reader of events an escape makes no difference, so what it would take for a record of the journal's own, or for a name that
            // is there twice, has never got past the other two in disguise.
            let events = SpellingTests.read(record.escaped)
            #expect(events == SpellingTests.read(record.plain), "\(record.escaped)")
            if refusal == nil {
                #expect(!events.contains { $0.hasPrefix("journal journal_") || $0.hasPrefix("journal records_") }, "\(record.escaped)")
                let facts = try Array(record.escaped.utf8).withUnsafeBytes { try RecordScanner.scan($0) }
                let type = facts.eventType.map { String(decoding: Array(record.escaped.utf8)[$0], as: UTF8.self) } ?? ""
                let isRead = events.contains { $0.contains(type) || $0.hasPrefix("flow ") || $0.hasPrefix("set aside") }
                #expect(isRead, "\(record.escaped) \(events)")
            }
        }
    }
}
