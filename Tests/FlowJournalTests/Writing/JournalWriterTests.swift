import FlowModel
import Glibc
import Testing

@testable import FlowJournal

@Suite struct JournalWriterTests {
    let directory = TemporaryDirectory()
    var journal: String { directory.path + "/journal" }

    func writer(_ options: JournalOptions = Sample.options(key: Sample.signer()), clock: Sample.Clock = Sample.Clock()) throws
        -> JournalWriter
    {
        try JournalWriter(directory: journal, options: options, identity: Sample.identity, clock: { clock.now })
    }

    func kinds() throws -> [String] {
        try Sample.records(journal).map { line in
            let parsed = Array(line.utf8).withUnsafeBytes { JSONValue.parse($0) }
            return parsed?["event_type"]?.text ?? "?"
        }
    }

    @Test func aJournalTellsItsOwnStory() throws {
        let writer = try writer()
        #expect(try writer.append(Sample.record(1, at: 5)) == 2)
        try writer.close()
        let records = try Sample.records(journal)
        let opened = Array(records[0].utf8).withUnsafeBytes { JSONValue.parse($0) }
        #expect(records.count == 4)
        #expect(opened?["seq"]?.unsigned == 1)
        #expect(opened?["event_type"] == .string("journal_opened"))
        #expect(opened?["journal"]?["origin"] == .string("acme.example/office"))
        #expect(opened?["connector"] == .object(["id": .string("7010"), "name": .string("fine-otter")]))
        #expect(opened?["remote_network"] == .object(["id": .string("7001"), "name": .string("🏠 Office")]))
        #expect(opened?["key_id"] == .string(Sample.signer().verifier.keyIDText))
        #expect(opened?["sync"] == .string("none"))
        #expect(records[1] == #"{"seq":2,"event_type":"closed_connection","timestamp":5,"connection":{"id":"c-1","rx":1}}"#)
        // Everything is sealed before the journal says that it was closed.
        let sealed = Array(records[2].utf8).withUnsafeBytes { JSONValue.parse($0) }
        #expect(sealed?["event_type"] == .string("journal_sealed"))
        #expect(sealed?["checkpoint"]?["size"]?.unsigned == 2)
        #expect(
            records[3] == #"{"seq":4,"event_type":"journal_closed","timestamp":\#(Sample.start),"records":4,"lost":0}"#)
        #expect(try Sample.verify(journal).verdict == .intact)
    }

    @Test(arguments: [
        (#"{}"#, #"{"seq":2}"#), (#" { "a" : 1 } "#, #"{"seq":2,"a" : 1 } "#), (#"{"a":{"seq":9}}"#, #"{"seq":2,"a":{"seq":9}}"#),
    ])
    func numbering(record: String, expected: String) throws {
        let writer = try writer()
        try writer.append(Array(record.utf8))
        try writer.close()
        #expect(try Sample.records(journal)[1] == expected)
        #expect(try Sample.verify(journal) { $0.depth = .records }.verdict == .intact)
    }

    @Test(arguments: [
        (#"{"seq":1}"#, RecordRefusal.numbered), (#"{"event_type":"journal_closed"}"#, .reserved),
        (#"{"event_type":"source_position"}"#, .reserved), (#"{"event_type":"journal_\u0063losed"}"#, .escapedName),
        (#"{"\u0073eq":1}"#, .escapedName), ("[1]", .malformed(.notAnObject)), ("{\"a\":\n1}", .malformed(.malformed(at: 5))),
        ("", .malformed(.empty)),
    ])
    func refusedRecordsLeaveTheJournalAsItWas(record: String, refusal: RecordRefusal) throws {
        let writer = try writer()
        #expect(throws: JournalProblem.refused(refusal)) { try writer.append(Array(record.utf8)) }
        #expect(try writer.append(Array("{}".utf8)) == 2)
        try writer.close()
        #expect(try Sample.verify(journal).verdict == .intact)
    }

    @Test func theLongestRecordFitsAndOneByteMoreDoesNot() throws {
        let writer = try writer()
        let frame = "{\"a\":\"\"}"
        let longest = "{\"a\":\"" + String(repeating: "x", count: JournalWriter.maxRecordLength - frame.utf8.count) + "\"}"
        try writer.append(Array(longest.utf8))
        let tooLong = Array(("{ " + longest.dropFirst()).utf8)
        #expect(throws: JournalProblem.refused(.tooLong(JournalWriter.maxRecordLength + 1))) { try writer.append(tooLong) }
        try writer.append(Array("{}".utf8))
        try writer.close()
        #expect(try Sample.records(journal).map(\.utf8.count).max() == longest.utf8.count + 8)
        #expect(try Sample.verify(journal) { $0.depth = .records }.verdict == .intact)
    }

    /// The largest frames there may be, while checkpoints, positions and unreadable lines of the journal's own wait to go into them.
    @Test(arguments: [false, true])
    func noFrameGrowsPastTheLimitByTheJournalsOwnRecords(isConcurrent: Bool) throws {
        let clock = Sample.Clock()
        var options = Sample.options(key: Sample.signer())
        options.isConcurrent = isConcurrent
        options.frameBytes = FrameHeader.maxInflatedLength
        options.frameAgeMs = 60_000
        options.checkpointIntervalMs = 500
        options.level = 1
        let writer = try writer(options, clock: clock)
        // Every byte of it is written as six.
        let path = "/" + String(repeating: "\u{1}", count: 4_094)
        let unreadable = [UInt8](repeating: 1, count: JournalWriter.maxUnreadableLength)
        var count = 0
        for round in 0..<12 {
            let length = [JournalWriter.maxRecordLength - 10, 100_000, 300_000, 1][round % 4]
            try writer.append(Array("{\"x\":\"\(String(repeating: "y", count: length))\"}".utf8))
            try unreadable.withUnsafeBytes { _ = try writer.appendUnreadable($0, reason: String(repeating: "r", count: 200)) }
            writer.note(
                position: SourcePosition(
                    path: path, device: .max, inode: .max, offset: .max, headLength: 0, head: .empty,
                    gap: String(repeating: "\u{2}", count: 99)))
            clock.advance(600)
            try writer.tick()
            count += 2
        }
        try writer.close()
        let frames = try Sample.frames(journal)
        #expect(frames.allSatisfy { $0.frame.header != nil })
        #expect((frames.compactMap { $0.frame.header?.inflatedLength }.max() ?? 0) > UInt32(JournalWriter.maxRecordLength))
        #expect(try kinds().filter { $0 == "?" || $0 == "unreadable_line" }.count == count)
        // Beside the caller they are signed when its turn comes, which may be at the end.
        #expect(try isConcurrent || kinds().filter { $0 == "journal_sealed" }.count > 3)
        #expect(try Sample.verify(journal) { $0.depth = .records }.verdict == .intact)
    }

    @Test func namesThatDoNotFitIntoARecordAreRefused() throws {
        var identity = Sample.identity
        identity.connector = FlowRecord.Named(id: "1", name: String(repeating: "\u{1}", count: 100_000))
        #expect(throws: JournalProblem.mismatch("the names of Connector, network, host and software are too long for a record")) {
            try JournalWriter(directory: journal, options: Sample.options(key: nil), identity: identity) { Timestamp(milliseconds: 0) }
        }
        #expect(try JournalDirectory(journal).segments() == [])
    }

    @Test func unreadableLinesAreKept() throws {
        let writer = try writer()
        try Array("ANALYTICS {\"a\":\u{1b}[31m".utf8).withUnsafeBytes { _ = try writer.appendUnreadable($0, reason: "broken") }
        try writer.close()
        let record = Array(try Sample.records(journal)[1].utf8).withUnsafeBytes { JSONValue.parse($0) }
        #expect(record?["event_type"] == .string("unreadable_line"))
        #expect(record?["reason"] == .string("broken"))
        #expect(record?["text"] == .string("ANALYTICS {\"a\":\u{1b}[31m"))
        #expect(try Sample.verify(journal) { $0.depth = .records }.verdict == .intact)
    }

    @Test func framesAreCutBySizeAndByAge() throws {
        let clock = Sample.Clock()
        var options = Sample.options(key: nil)
        options.frameBytes = 280
        let writer = try writer(options, clock: clock)
        #expect(writer.durableSequence == 1)
        for number in 0..<3 { try writer.append(Sample.record(number, at: 1)) }
        // Two records of some 90 bytes fit into 280.
        #expect(writer.durableSequence == 3)
        try writer.tick()
        #expect(writer.durableSequence == 3)
        clock.advance(JournalOptions.defaultFrameAgeMs - 1)
        try writer.tick()
        #expect(writer.durableSequence == 3)
        clock.advance(1)
        try writer.tick()
        #expect(writer.durableSequence == 4)
        try writer.close()
        #expect(try Sample.frames(journal).compactMap { $0.frame.header?.recordCount } == [1, 2, 1, 1])
    }

    @Test func headersTellTimesEvenWhenTheClockSteps() throws {
        let writer = try writer()
        try writer.append(Sample.record(1, at: 500))
        try writer.append(Sample.record(2, at: 400))
        try writer.flush()
        try writer.append(Array("{}".utf8))
        try writer.append(Sample.record(3, at: 600))
        try writer.flush()
        try writer.close()
        let times = try Sample.frames(journal).compactMap { $0.frame.header }.map { [$0.firstTimestamp, $0.lastTimestamp] }
        #expect(times[1] == [Timestamp(milliseconds: 400), Timestamp(milliseconds: 500)])
        #expect(times[2] == [.distantPast, .distantFuture])
        #expect(try Sample.verify(journal) { $0.depth = .records }.verdict == .intact)
    }

    @Test func segmentsRollBySizeAndAgeAndAreSealedThen() throws {
        let clock = Sample.Clock()
        var options = Sample.options(key: Sample.signer())
        options.segmentBytes = 500
        options.segmentAgeMs = 10_000
        let writer = try writer(options, clock: clock)
        for number in 0..<6 {
            try writer.append(Sample.record(number, at: clock.now.milliseconds))
            try writer.flush()
        }
        clock.advance(10_000)
        try writer.append(Sample.record(9, at: clock.now.milliseconds))
        try writer.close()
        let frames = try Sample.frames(journal)
        let bySegment = Dictionary(grouping: frames, by: \.number)
        #expect(bySegment.keys.sorted() == Array(1...bySegment.count))
        #expect(bySegment.count >= 3)
        for (number, frames) in bySegment {
            let size = frames.reduce(0) { $0 + $1.frame.length }
            // The last frame, in which the journal is closed, begins no segment.
            let limit = number == bySegment.count ? 500 + (frames.last?.frame.length ?? 0) : 500
            #expect(size <= limit || frames.count == 1, "segment \(number)")
        }
        let report = try Sample.verify(journal)
        #expect(report.verdict == .intact)
        // One when each segment ends, one before the closing record, one over it. Each checkpoint but the last is named by a record.
        #expect(report.checkpointCount == bySegment.count + 1)
        #expect(try kinds().filter { $0 == "journal_sealed" }.count == bySegment.count)
    }

    @Test func checkpointsComeWithTime() throws {
        let clock = Sample.Clock()
        let writer = try writer(Sample.options(key: Sample.signer()), clock: clock)
        for _ in 0..<5 {
            try writer.append(Sample.record(1, at: clock.now.milliseconds))
            clock.advance(30_000)
            try writer.tick()
        }
        // An idle journal gets no more of them.
        for _ in 0..<100 {
            clock.advance(30_000)
            try writer.tick()
        }
        try writer.close()
        #expect(try Sample.verify(journal).checkpointCount == 4)
    }

    @Test func aSecondWriterIsRefused() throws {
        let first = try writer()
        #expect(throws: JournalProblem.locked(directory: journal)) { _ = try writer() }
        try first.close()
        // The lock goes with the writer, not with closing.
        withExtendedLifetime(first) {}
    }

    @Test func sequencesGoOnAfterReopening() throws {
        for run in 0..<3 {
            let writer = try writer()
            #expect(try writer.append(Array("{}".utf8)) == UInt64(run * 4 + 2))
            try writer.close()
        }
        #expect(try kinds() == (0..<3).flatMap { _ in ["journal_opened", "?", "journal_sealed", "journal_closed"] })
        #expect(try Sample.verify(journal).verdict == .intact)
    }

    @Test func reopeningDoesNotDependOnTheStateFile() throws {
        try Sample.write(journal)
        for state in [[] as [UInt8], Array("garbage".utf8), TestFile.read(journal + "/tree")] {
            let copy = directory.path + "/copy"
            TemporaryDirectory.remove(copy)
            TestFile.copyDirectory(journal, to: copy)
            TestFile.write(state, to: copy + "/tree")
            let writer = try JournalWriter(directory: copy, options: Sample.options(key: Sample.signer()), identity: Sample.identity) {
                Timestamp(milliseconds: Sample.start)
            }
            try writer.append(Array("{}".utf8))
            try writer.close()
            #expect(try Sample.verify(copy).verdict == .intact)
        }
    }

    @Test func aStateFileOfAnotherJournalMisleadsNobody() throws {
        try Sample.write(journal)
        let other = directory.path + "/other"
        try Sample.write(other, frames: 6)
        TestFile.write(TestFile.read(other + "/tree"), to: journal + "/tree")
        #expect(throws: JournalProblem.self, "a journal that is shorter than its writer's state has lost frames") { _ = try self.writer() }
        try Sample.write(directory.path + "/short", runs: 1, frames: 2)
        TestFile.write(TestFile.read(directory.path + "/short/tree"), to: journal + "/tree")
        let writer = try writer()
        try writer.close()
        #expect(try Sample.verify(journal).verdict == .intact)
    }

    @Test func tornTailsAreMovedAsideAtEveryCut() throws {
        try Sample.write(journal, runs: 1, frames: 2, segmentBytes: 1 << 20, closes: false, sealEveryMs: 60_000)
        let path = "/000000000001.ndjson.gz"
        let whole = TestFile.read(journal + path)
        let frames = try Sample.frames(journal).map(\.frame)
        let last = try #require(frames.last)
        for cut in Int(last.offset)..<whole.count {
            let copy = directory.path + "/cut"
            TemporaryDirectory.remove(copy)
            TestFile.copyDirectory(journal, to: copy)
            TestFile.write(Array(whole[..<cut]), to: copy + path)
            let options = Sample.options(key: Sample.signer())
            let writer = try JournalWriter(directory: copy, options: options, identity: Sample.identity) {
                Timestamp(milliseconds: Sample.start)
            }
            #expect(writer.recoveredBytes == UInt64(cut) - last.offset)
            try writer.append(Array("{}".utf8))
            try writer.close()
            #expect(try Sample.verify(copy).verdict == .intact, "cut at \(cut)")
            guard cut > Int(last.offset) else { continue }
            let torn = TemporaryDirectory.names(in: copy + "/torn")
            #expect(torn == ["000000000001.ndjson.gz.\(last.offset)-\(cut)"])
            #expect(TestFile.read(copy + "/torn/" + (torn.first ?? "")) == Array(whole[Int(last.offset)..<cut]))
        }
    }

    @Test func aTailOfZerosIsTorn() throws {
        try Sample.write(journal, runs: 1, frames: 2, segmentBytes: 1 << 20, closes: false, sealEveryMs: 60_000)
        let path = journal + "/000000000001.ndjson.gz"
        TestFile.write(TestFile.read(path) + [UInt8](repeating: 0, count: 5_000), to: path)
        let writer = try writer()
        #expect(writer.recoveredBytes == 5_000)
        try writer.close()
        #expect(try Sample.verify(journal).verdict == .intact)
    }

    @Test func aTornCheckpointIsMovedAside() throws {
        try Sample.write(journal, runs: 1, closes: false)
        let path = journal + "/checkpoints"
        let whole = TestFile.read(path)
        let next = CheckpointFile.encode(
            try #require(
                SignedNote(text: "acme.example/office\n99\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", signer: Sample.signer())))
        for cut in 1..<next.count {
            TestFile.write(whole + next[..<cut], to: path)
            let copy = directory.path + "/copy"
            TemporaryDirectory.remove(copy)
            TestFile.copyDirectory(journal, to: copy)
            let writer = try JournalWriter(directory: copy, options: Sample.options(key: Sample.signer()), identity: Sample.identity) {
                Timestamp(milliseconds: Sample.start)
            }
            try writer.close()
            #expect(try Sample.verify(copy).verdict == .intact, "cut at \(cut)")
        }
    }

    @Test func aWriterDoesNotSignOverWhatItDidNotWrite() throws {
        try Sample.write(journal, runs: 2, segmentBytes: 1 << 20)
        let path = journal + "/000000000001.ndjson.gz"
        let whole = TestFile.read(path)
        let third = try Sample.frames(journal)[2].frame
        // Damaged in the middle, under a checkpoint; and the state file is not there to vouch for it.
        var damaged = whole
        damaged[Int(third.offset) + 60] ^= 1
        TestFile.write(damaged, to: path)
        unlink(journal + "/tree")
        #expect(throws: JournalProblem.self) { try writer() }
        #expect(TestFile.read(path) == damaged)
        // Cut below the last checkpoint.
        TestFile.write(Array(whole[..<Int(third.offset)]), to: path)
        #expect(throws: JournalProblem.self) { try writer() }
        TestFile.write(whole, to: path)
        try writer().close()
    }

    @Test func damageInTheUnsealedEndIsRefusedUnlessItIsCut() throws {
        var options = Sample.options(key: Sample.signer())
        let clock = Sample.Clock()
        do {
            let writer = try JournalWriter(directory: journal, options: options, identity: Sample.identity, clock: { clock.now })
            for number in 0..<4 {
                try writer.append(Sample.record(number, at: 1))
                try writer.flush()
            }
        }
        let path = journal + "/000000000001.ndjson.gz"
        let frames = try Sample.frames(journal).map(\.frame)
        var bytes = TestFile.read(path)
        bytes[Int(frames[2].offset) + 60] ^= 1
        TestFile.write(bytes, to: path)
        #expect(throws: JournalProblem.self) { try writer(options) }
        options.cutsDamage = true
        let repaired = try writer(options)
        #expect(repaired.recoveredBytes == UInt64(bytes.count) - frames[2].offset)
        try repaired.close()
        #expect(try Sample.verify(journal).verdict == .intact)
        #expect(
            try kinds() == [
                "journal_opened", "closed_connection", "journal_recovered", "journal_opened", "journal_sealed", "journal_closed",
            ])
    }

    @Test func anOriginStaysWhatItIs() throws {
        try writer().close()
        var identity = Sample.identity
        identity.origin = "acme.example/lab"
        #expect(throws: JournalProblem.mismatch("the journal's origin is `acme.example/office`, not `acme.example/lab`")) {
            try JournalWriter(directory: journal, options: Sample.options(key: nil), identity: identity) { Timestamp(milliseconds: 0) }
        }
        let other = try JournalWriter(
            directory: journal, options: Sample.options(key: Sample.signer(2, name: "acme.example/newer")), identity: Sample.identity
        ) { Timestamp(milliseconds: Sample.start) }
        #expect(other.origin == "acme.example/office")
    }

    @Test func positionsStandInTheFrameOfTheirRecords() throws {
        let clock = Sample.Clock()
        var options = Sample.options(key: nil)
        options.frameBytes = 300
        let writer = try writer(options, clock: clock)
        func position(_ offset: UInt64) -> SourcePosition {
            SourcePosition(path: "/log", device: 1, inode: 2, offset: offset, headLength: 0, head: .empty)
        }
        for number in 1...9 {
            try writer.append(Sample.record(number, at: 1))
            writer.note(position: position(UInt64(number)))
        }
        // Whatever is durable now: the last position that is counts exactly the records that are.
        let records = try Sample.records(journal)
        let last = try #require(try SourcePosition.last(of: "/log", in: JournalDirectory(journal)))
        #expect(last.offset == UInt64(records.filter { $0.contains("closed_connection") }.count))
        try writer.close()
        let final = try #require(try SourcePosition.last(of: "/log", in: JournalDirectory(journal)))
        #expect(final.recordedAt == clock.now)
        #expect([final.offset, final.device, final.inode] == [9, 1, 2])
        #expect(final.head == .empty)
        #expect(try SourcePosition.last(of: "/other", in: JournalDirectory(journal)) == nil)
        #expect(try Sample.verify(journal, keys: []) { $0.depth = .records }.verdict == .cannotBeProved)
    }

    @Test func anyRecordsInAnyFramesComeBack() {
        forAll(
            seed: 21, count: 25,
            generate: { generator in
                (0..<Int.random(in: 0...60, using: &generator)).map { _ in Int.random(in: 0...400, using: &generator) }
            },
            shrink: shrinkArray
        ) { lengths in
            TemporaryDirectory.remove(journal)
            var options = Sample.options(key: Sample.signer())
            options.frameBytes = 1_000
            options.segmentBytes = 700
            options.isConcurrent = lengths.count % 2 == 0
            options.sync = lengths.count % 3 == 0 ? .frame : .none
            let writer = try writer(options)
            for length in lengths {
                try writer.append(Array("{\"x\":\"\(String(repeating: "y", count: length))\"}".utf8))
                if length % 17 == 0 { try writer.flush() }
            }
            try writer.close()
            let read = try Sample.records(journal).filter { $0.contains("\"x\"") }
            return try read.map { $0.utf8.count }
                == zip(lengths, read).map { length, line in
                    length + 8 + (line.split(separator: ",").first.map { $0.utf8.count } ?? 0)
                } && Sample.verify(journal) { $0.depth = .records }.verdict == .intact
        }
    }
}
