import FlowModel
import Glibc
import Testing

@testable import FlowJournal

@Suite struct JournalReaderTests {
    let directory = TemporaryDirectory()
    var journal: String { directory.path + "/journal" }

    @Test func aSelectionPassesFramesOver() throws {
        try Sample.write(journal, runs: 1, frames: 5, records: 2)
        let all = try Sample.frames(journal)
        func select(_ selection: JournalReader.Selection) throws -> [UInt64] {
            let reader = try JournalReader(JournalDirectory(journal), selection: selection)
            var firsts: [UInt64] = []
            while let located = try reader.next() { firsts.append(located.frame.header?.firstSequence ?? 0) }
            return firsts
        }
        let firsts = all.compactMap { $0.frame.header?.firstSequence }
        #expect(try select(JournalReader.Selection()) == firsts)
        #expect(try select(JournalReader.Selection(fromSequence: firsts[2])) == Array(firsts[2...]))
        #expect(try select(JournalReader.Selection(toSequence: firsts[2])) == Array(firsts[...2]))
        let second = Timestamp(milliseconds: Sample.start + 1_000)
        #expect(try select(JournalReader.Selection(since: second, until: second.advanced(byMilliseconds: 1))) == [firsts[2]])
    }

    @Test func membersOfOthersAreReadAmongFrames() throws {
        try Sample.write(journal, runs: 1, frames: 2, segmentBytes: 1 << 20)
        let path = journal + "/000000000001.ndjson.gz"
        let own = try Sample.frames(journal).map(\.frame)
        let foreign = ByteStreamReaderTests.gzip(Array("{\"a\":1}\n".utf8))
        let bytes = TestFile.read(path)
        let middle = Int(own[1].offset)
        TestFile.write(Array(bytes[..<middle]) + foreign + foreign + Array(bytes[middle...]) + foreign, to: path)
        let forms = try Sample.frames(journal).map(\.frame.form)
        #expect(forms.filter { $0 == .foreign }.count == 3)
        #expect(forms.filter { if case .native = $0 { true } else { false } }.count == own.count)
        #expect(forms[1] == .foreign && forms[2] == .foreign && forms.last == .foreign)
        let reader = try ByteStreamReader(SegmentFile(path: path), range: UInt64(middle)..<UInt64(middle + foreign.count * 2))
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = try buffer.withMutableBytes { bytes throws(StreamProblem) in try reader.read(into: bytes) }
        #expect(String(decoding: buffer[..<count], as: UTF8.self) == "{\"a\":1}\n{\"a\":1}\n")
    }

    @Test func aReaderFollowsFramesAndSegments() throws {
        let clock = Sample.Clock()
        var options = Sample.options(key: nil)
        options.segmentBytes = 400
        let writer = try JournalWriter(directory: journal, options: options, identity: Sample.identity, clock: { clock.now })
        let reader = try JournalReader(JournalDirectory(journal))
        reader.isFollowing = true
        var seen: UInt64 = 0
        func drain() throws {
            while let located = try reader.next() { seen = located.frame.header?.lastSequence ?? 0 }
        }
        try drain()
        #expect(seen == 1)
        for number in 0..<8 {
            let sequence = try writer.append(Sample.record(number, at: 1))
            try drain()
            #expect(seen == sequence - 1)
            try writer.flush()
            try drain()
            #expect(seen == sequence)
        }
        #expect(try JournalDirectory(journal).segments().count > 2)
    }

    @Test func aFollowingReaderWaitsForTheRestOfAFrame() throws {
        try Sample.write(journal, runs: 1, frames: 3, segmentBytes: 1 << 20)
        let whole = TestFile.read(journal + "/000000000001.ndjson.gz")
        let copy = directory.path + "/growing"
        mkdir(copy, 0o755)
        let path = copy + "/000000000001.ndjson.gz"
        TestFile.write([], to: path)
        let reader = try JournalReader(JournalDirectory(copy))
        reader.isFollowing = true
        var frames: [Frame] = []
        for count in 0...whole.count {
            TestFile.write(Array(whole[..<count]), to: path)
            while let located = try reader.next() { frames.append(located.frame) }
        }
        #expect(frames == (try Sample.frames(journal).map(\.frame)))
    }

    @Test func aBombStopsAtTheLimit() throws {
        // 100 MB of blanks in one member, whose header claims a frame's size.
        let blanks = [UInt8](repeating: 0x20, count: 100 << 20)
        var member = ByteStreamReaderTests.compress(blanks, windowBits: -15)
        let header = FrameHeader(
            flags: 0, memberLength: UInt32(member.count + FrameHeader.length + FrameHeader.trailerLength),
            inflatedLength: UInt32(FrameHeader.maxInflatedLength), recordCount: 1, firstSequence: 1,
            firstTimestamp: .distantPast, lastTimestamp: .distantFuture)
        member = header.encoded() + member + [UInt8](repeating: 0, count: 8)
        mkdir(journal, 0o755)
        TestFile.write(member, to: journal + "/000000000001.ndjson.gz")
        #expect(try Sample.frames(journal).map(\.frame.form) == [.torn])
        var target = [UInt8](repeating: 0, count: FrameHeader.maxInflatedLength)
        #expect(throws: FrameProblem.corrupt("more data than the 1048576 bytes the header states")) {
            _ = try target.withMutableBytes { bytes throws(FrameProblem) in
                try member.withBytes { whole throws(FrameProblem) in try FrameInflater().inflate(whole, header, into: bytes) }
            }
        }
        // Alone and last, it may be what an interrupted write left.
        #expect(try Sample.verify(journal).verdict == .cannotBeProved)
    }

    @Test func segmentNames() {
        #expect(SegmentName.name(of: 1) == "000000000001.ndjson.gz")
        #expect(SegmentName.number(of: "/a/000000000012.ndjson.gz") == 12)
        for name in [
            "000000000000.ndjson.gz", "00000000001.ndjson.gz", "000000000001.ndjson", "x00000000001.ndjson.gz",
            "000000000001.ndjson.gz.bak",
        ] {
            #expect(SegmentName.number(of: name) == nil, "\(name)")
        }
    }
}
