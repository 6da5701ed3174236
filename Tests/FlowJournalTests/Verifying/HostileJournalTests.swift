import FlowModel
import Glibc
import Testing

@testable import FlowJournal

/// Journals made to crash, to stall or to fill whoever reads them. The answer may be short, but it comes, soon, and is never "intact".
@Suite(.timeLimit(.minutes(30))) struct HostileJournalTests {
    let directory = TemporaryDirectory()
    let journal: String

    init() throws {
        journal = directory.path + "/journal"
        try Sample.write(journal)
    }

    func kinds(_ report: VerificationReport) -> Set<VerificationFinding.Kind> { Set(report.findings.map(\.kind)) }

    func path(_ segment: Int) -> String { journal + "/" + SegmentName.name(of: segment) }

    /// Describing findings must not fail either, whatever numbers are in them.
    func verdict(keys: [NoteSigner] = [Sample.signer()], configure: (inout JournalVerifier) -> Void = { _ in }) throws -> Verdict {
        let report = try Sample.verify(journal, keys: keys, configure: configure)
        #expect(report.findings.allSatisfy { !$0.description.isEmpty })
        return report.verdict
    }

    // MARK: Numbers

    @Test(arguments: [UInt64.max, UInt64.max - 1, 1 << 63, 1 << 62] as [UInt64])
    func aCheckpointOfMoreFramesThanCanBe(size: UInt64) throws {
        let head = TreeHead(size: size, root: .empty)
        let note = try #require(SignedNote(text: Checkpoint(origin: "acme.example/office", head: head).text, signer: Sample.signer()))
        TestFile.write(TestFile.read(journal + "/checkpoints") + CheckpointFile.encode(note), to: journal + "/checkpoints")
        #expect(try verdict() == .tampered)
        #expect(try verdict(keys: []) == .tampered)
        #expect(try Sample.verify(journal).findings.contains { $0.frames?.upperBound == size })
        #expect(throws: JournalProver.Problem.notFound) {
            try JournalProver(JournalDirectory(journal), keys: []).prove(.frame(size - 1))
        }
        #expect(throws: JournalProblem.self) { try reopen() }
    }

    @Test func aRememberedHeadOfMoreFramesThanCanBe() throws {
        #expect(try verdict { $0.remembered = [TreeHead(size: .max, root: .empty)] } == .tampered)
    }

    @Test func aFrameWithTheLastSequenceThereIs() throws {
        let first = FrameHeader(
            flags: 0, memberLength: 70, inflatedLength: 20, recordCount: 1, firstSequence: .max - 1,
            firstTimestamp: .distantPast, lastTimestamp: .distantFuture)
        let last = path(try #require(try JournalDirectory(journal).segments().last))
        TestFile.write(TestFile.read(last) + first.encoded() + [UInt8](repeating: 0, count: 16), to: last)
        #expect(try verdict() == .cannotBeProved, "the frame's contents are not there: the writer may have been interrupted")
        TestFile.write(TestFile.read(last) + frame(["{\"seq\":18446744073709551614}\n"], first: .max - 1), to: last)
        #expect(try verdict() == .tampered)
        #expect(try verdict(keys: []) { $0.depth = .records } == .tampered)
        #expect(throws: JournalProblem.self) { try reopen() }
    }

    static let forgeries: [@Sendable (inout TreeState) -> Void] = [
        { $0.nextSequence = .max }, { $0.nextSequence += 1 }, { $0.nextSequence = 0 },
        { $0.offset = .max }, { $0.offset -= 1 }, { $0.offset = 0 },
        { $0.segment = 0 }, { $0.segment = .max }, { $0.segment -= 1 },
        { $0.tree = MerkleTree() }, { $0.tree = MerkleTree(size: .max, range: [TreeHash](repeating: .empty, count: 64)) ?? MerkleTree() },
    ]

    @Test(arguments: forgeries.indices)
    func aForgedStateMisleadsNoWriter(forgery: Int) throws {
        var state = try #require(TreeState.read(in: journal))
        Self.forgeries[forgery](&state)
        try state.write(in: journal)
        guard state.tree.size <= (try Sample.verify(journal).head.size) else {
            // Such a state says that frames were lost.
            #expect(throws: JournalProblem.self) { try reopen() }
            return
        }
        let writer = try reopen()
        try writer.append(Array("{}".utf8))
        try writer.close()
        #expect(try Sample.verify(journal) { $0.depth = .records }.verdict == .intact)
    }

    func reopen() throws -> JournalWriter {
        try JournalWriter(directory: journal, options: Sample.options(key: Sample.signer()), identity: Sample.identity) {
            Timestamp(milliseconds: Sample.start + 9_000_000)
        }
    }

    func frame(_ lines: [String], first: UInt64) -> [UInt8] {
        var content = FrameEncoder.Content(recordCount: UInt32(lines.count), firstSequence: first)
        content.timestamps.include(nil)
        var member: [UInt8] = []
        _ = Array(lines.joined().utf8).withUnsafeBytes { FrameEncoder(level: 6).encode($0, content, into: &member) }
        return member
    }

    // MARK: Names and kinds of files

    @Test func segmentNumbersThatAreFarApart() throws {
        let last = try #require(try JournalDirectory(journal).segments().last)
        rename(path(last), path(999_999_999_999))
        // Changed as well, so that the frame is looked for in every segment between.
        var bytes = TestFile.read(path(999_999_999_999))
        bytes[60] ^= 1
        TestFile.write(bytes, to: path(999_999_999_999))
        #expect(try verdict() == .tampered)
        #expect(throws: JournalProblem.self) { try reopen() }
    }

    @Test(arguments: ["000000000009.ndjson.gz", "checkpoints", "tree"])
    func aPipeInPlaceOfAFileIsNotWaitedFor(name: String) throws {
        unlink(journal + "/" + name)
        mkfifo(journal + "/" + name, 0o644)
        if name == "tree" {
            #expect(try verdict() == .intact)
        } else {
            #expect(throws: SystemProblem(operation: "read as a regular file", path: journal + "/" + name, code: EINVAL)) {
                try Sample.verify(journal)
            }
        }
    }

    // MARK: Much work for few bytes

    @Test func manyTinyMembers() throws {
        let member = ByteStreamReaderTests.gzip([])
        let count = 50_000
        TestFile.write(Array(repeatElement(member, count: count).joined()), to: path(1))
        var members = 0
        let reader = try SegmentReader(path: path(1))
        while let frame = try reader.next() {
            if frame.form == .foreign { members += 1 }
        }
        #expect(members == count)
        #expect(try verdict() == .tampered)
    }

    /// Each unit is a sound frame, or not even that, and the beginning of a member whose stored blocks lead through all units that follow:
    /// without a limit, every one of them would be inflated to the end of the file.
    @Test(arguments: [true, false])
    func claimsWithinEachOther(isSound: Bool) throws {
        let member = isSound ? frame(["{\"seq\":1}\n"], first: 1) : header(claiming: UInt32(FrameHeader.maxMemberLength)).encoded()
        let gzip: [UInt8] = isSound ? [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] : []
        let unit = member.count + gzip.count + 5
        // A stored block's length, such that the next block's header stands where a unit has one.
        let length = UInt16(unit * (65_535 / unit) - 5)
        let block: [UInt8] = [0] + [length, ~length].flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        TestFile.write(Array(repeatElement(member + gzip + block, count: (8 << 20) / unit).joined()), to: path(1))
        let report = try Sample.verify(journal)
        #expect(report.verdict == .tampered)
        #expect(report.furtherFindings > 10_000)
    }

    func header(claiming length: UInt32) -> FrameHeader {
        FrameHeader(
            flags: 0, memberLength: length, inflatedLength: UInt32(FrameHeader.maxInflatedLength), recordCount: 1, firstSequence: 1,
            firstTimestamp: .distantPast, lastTimestamp: .distantFuture)
    }

    @Test func damageBeforeSoundFramesStillShowsThem() throws {
        // The limit on work in vain is far from what real damage needs: a megabyte of noise, then the segment as it was.
        let whole = TestFile.read(path(1))
        var generator = SeededGenerator(seed: 4)
        let noise = (0..<(1 << 20)).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let records = try Sample.records(journal)
        TestFile.write(noise + whole, to: path(1))
        #expect(try Sample.records(journal) == records)
        #expect(try verdict() == .tampered)
    }

    @Test func aBombInAMemberOfOthersIsPassedInSteps() throws {
        let bomb = ByteStreamReaderTests.gzip([UInt8](repeating: 0x20, count: 64 << 20))
        TestFile.write(TestFile.read(path(1)) + bomb, to: path(1))
        #expect(kinds(try Sample.verify(journal)).contains(.foreignMember))
        let reader = try ByteStreamReader(path: path(1))
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var total = 0
        while true {
            let count = try buffer.withMutableBytes { bytes throws(StreamProblem) in try reader.read(into: bytes) }
            if count == 0 { break }
            total += count
        }
        #expect(total > 64 << 20)
    }

    // MARK: The file `checkpoints`

    @Test(arguments: ["\n", "x", "a\n\n", "\n\na", "— a AAAAAAA=\n\n", "acme.example/office\n1\n\n"])
    func megabytesThatAreNoCheckpoint(piece: String) throws {
        let kept = TestFile.read(journal + "/checkpoints")
        let garbage = Array(String(repeating: piece, count: (3 << 20) / piece.utf8.count).utf8)
        TestFile.write(garbage + Array("\n\n".utf8) + kept + garbage, to: journal + "/checkpoints")
        let report = try Sample.verify(journal)
        #expect(report.verdict == .tampered)
        // All of it is one finding at each end, and the checkpoints between are still found.
        #expect(report.findings.filter { $0.kind == .checkpointDamaged }.count == 2, "\(report.findings)")
        #expect(report.checkpointCount == CheckpointFile.parse(kept).count)
        #expect(throws: JournalProblem.self) { try reopen() }
    }

    @Test(arguments: [1 << 10, SignedNote.maxLength, 3 << 20])
    func aCheckpointWithAHugeLine(length: Int) throws {
        let head = try Sample.verify(journal).head
        let size = head.size + 1
        let text = "acme.example/office\n\(size)\n\(head.root.base64)\n" + String(repeating: "x", count: length) + "\n"
        let note = try #require(SignedNote(text: text, signer: Sample.signer()))
        TestFile.write(TestFile.read(journal + "/checkpoints") + CheckpointFile.encode(note), to: journal + "/checkpoints")
        let found = kinds(try Sample.verify(journal))
        #expect(found.contains(length < SignedNote.maxLength / 2 ? .framesMissing : .checkpointDamaged), "\(found)")
    }

    @Test func aProofWithAHugeExtraLine() throws {
        let proof = try JournalProver(JournalDirectory(journal), keys: [TrustedKey(Sample.signer().verifier)]).prove(.frame(0)).proof
        var large = proof
        large.extra = [UInt8](repeating: 7, count: TransparencyProof.maxLength)
        #expect(TransparencyProof(large.encoded) == nil)
        large.extra = [UInt8](repeating: 7, count: 4_096)
        #expect(TransparencyProof(large.encoded) == large)
        #expect(TransparencyProof(String(repeating: "\n", count: TransparencyProof.maxLength)) == nil)
    }

    @Test func readingInPiecesAndInMemoryGiveTheSameEntries() throws {
        // Enough of them for several pieces, cut and changed anywhere. Nobody looks at the signatures here, so one does for all.
        let text = Checkpoint(origin: "o", head: TreeHead(size: 1, root: .empty)).text
        let first = try #require(SignedNote(text: text, signer: Sample.signer()))
        let signature = String(first.encoded.dropFirst(first.text.count))
        let whole = (1...8_000).flatMap { size -> [UInt8] in
            Array((Checkpoint(origin: "o", head: TreeHead(size: UInt64(size), root: .empty)).text + signature + "\n").utf8)
        }
        #expect(whole.count > 1 << 20)
        var generator = SeededGenerator(seed: 9)
        for round in 0..<6 {
            var bytes = Array(whole[..<Int.random(in: whole.count / 2...whole.count, using: &generator)])
            for _ in 0..<(round * 2) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = [10, 0, 0x41, 0xff].randomElement(using: &generator) ?? 0
            }
            if round % 3 == 2 { bytes.insert(contentsOf: [UInt8](repeating: 0x61, count: 2 << 20), at: bytes.count / 3) }
            TestFile.write(bytes, to: journal + "/checkpoints")
            var reader = try CheckpointReader(directory: journal)
            var entries: [CheckpointFile.Entry] = []
            while let entry = try reader.next() { entries.append(entry) }
            #expect(entries == CheckpointFile.parse(bytes), "round \(round)")
            // Every byte belongs to exactly one entry.
            #expect(entries.first?.range.lowerBound == 0 && entries.last?.range.upperBound == bytes.count)
            #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.range.upperBound == $1.range.lowerBound })
        }
    }
}
