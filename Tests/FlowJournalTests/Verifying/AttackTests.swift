import FlowModel
import Glibc
import Testing
import TextEncodings

@testable import FlowJournal

/// What others' journals fell for. None of it may end in "intact".
@Suite struct AttackTests {
    let directory = TemporaryDirectory()
    let journal: String

    init() throws {
        journal = directory.path + "/journal"
        try Sample.write(journal)
    }

    func kinds(_ report: VerificationReport) -> Set<VerificationFinding.Kind> { Set(report.findings.map(\.kind)) }

    func path(_ segment: Int) -> String { journal + "/" + SegmentName.name(of: segment) }

    var segments: [Int] { (try? JournalDirectory(journal).segments()) ?? [] }

    /// The notes of the file `checkpoints`.
    var notes: [[UInt8]] {
        let bytes = TestFile.read(journal + "/checkpoints")
        return CheckpointFile.parse(bytes).map { Array(bytes[$0.range]) }
    }

    func writeNotes(_ notes: [[UInt8]]) { TestFile.write(notes.flatMap { $0 }, to: journal + "/checkpoints") }

    @Test(arguments: [Array("garbage".utf8), [0], ByteStreamReaderTests.gzip(Array("{\"seq\":99,\"event_type\":\"x\"}\n".utf8))])
    func bytesAppendedAfterTheEnd(bytes: [UInt8]) throws {
        let last = try #require(segments.last)
        for segment in [1, last] {
            let whole = TestFile.read(path(segment))
            TestFile.write(whole + bytes, to: path(segment))
            let report = try Sample.verify(journal)
            #expect(report.verdict != .intact, "segment \(segment): \(report.findings)")
            #expect(report.findings.contains { $0.bytes?.lowerBound == UInt64(whole.count) }, "\(report.findings)")
            TestFile.write(whole, to: path(segment))
        }
    }

    @Test func aWholeForgedFrameAppended() throws {
        let report = try Sample.verify(journal)
        let next = try #require(report.lastSequence) + 1
        let encoder = FrameEncoder(level: 6)
        var member: [UInt8] = []
        let line = Array("{\"seq\":\(next),\"event_type\":\"closed_connection\",\"timestamp\":1}\n".utf8)
        var content = FrameEncoder.Content(recordCount: 1, firstSequence: next)
        content.timestamps.include(Timestamp(milliseconds: 1))
        _ = line.withUnsafeBytes { encoder.encode($0, content, into: &member) }
        let last = try #require(segments.last)
        TestFile.write(TestFile.read(path(last)) + member, to: path(last))
        let forged = try Sample.verify(journal)
        #expect(forged.verdict == .cannotBeProved)
        #expect(kinds(forged) == [.unsealedTail, .openEnd])
        #expect(forged.findings.first { $0.kind == .unsealedTail }?.records == next...next)
    }

    @Test func aFileTruncatedAndThenContinued() throws {
        // Cut back to the second frame, state and checkpoints as they were, and written on by whoever has the key.
        let frames = try Sample.frames(journal)
        TestFile.write(Array(TestFile.read(path(1))[..<Int(frames[2].frame.offset)]), to: path(1))
        for segment in segments.dropFirst() { unlink(path(segment)) }
        #expect(throws: JournalProblem.self) { try reopen().close() }
        // Without the checkpoints the writer has no way to know; the auditor who remembers does, and whoever looks for the first key too.
        let kept = notes
        unlink(journal + "/checkpoints")
        unlink(journal + "/tree")
        try reopen().close()
        let remembered = try #require(
            kept.last.flatMap { SignedNote(String(decoding: $0.dropLast(), as: UTF8.self)) }.flatMap { Checkpoint(text: $0.text) })
        let report = try Sample.verify(journal) { $0.remembered = [remembered.head] }
        #expect(report.verdict == .tampered)
        #expect(kinds(report).contains(.notAnExtension))
    }

    func reopen(key: NoteSigner? = Sample.signer()) throws -> JournalWriter {
        try JournalWriter(directory: journal, options: Sample.options(key: key), identity: Sample.identity) {
            Timestamp(milliseconds: Sample.start + 9_000_000)
        }
    }

    @Test func oldFramesResealedWithANewerKey() throws {
        // The journal changed hands in order: the newer key signs on.
        let newer = Sample.signer(9)
        try reopen(key: newer).close()
        let both = try Sample.verify(journal, keys: [Sample.signer(), newer])
        #expect(both.verdict == .intact, "\(both.findings)")
        // The newer key alone does not prove what was written with the older one.
        let newerOnly = try Sample.verify(journal, keys: [newer])
        #expect(newerOnly.verdict == .cannotBeProved)
        #expect(kinds(newerOnly).isSuperset(of: [.sealedByOther, .signerUnknown]))
        // An old frame is replaced, the checkpoints of the older key are removed, the rest is sealed anew with the newer key.
        let keptNotes = notes
        try replaceFrame(3)
        let head = try Sample.verify(journal, keys: []).head
        let forged = try #require(SignedNote(text: Checkpoint(origin: "acme.example/office", head: head).text, signer: newer))
        for notes in [[CheckpointFile.encode(forged)], Array(keptNotes.dropLast()) + [CheckpointFile.encode(forged)]] {
            writeNotes(notes)
            for keys in [[newer], [Sample.signer(), newer]] {
                let report = try Sample.verify(journal, keys: keys)
                #expect(report.verdict == .tampered, "\(report.findings)")
            }
        }
    }

    /// Replaces the frame at a place of the journal by one that is well-formed in itself, of the same records with other contents.
    func replaceFrame(_ place: Int) throws {
        let located = try Sample.frames(journal)[place]
        let header = try #require(located.frame.header)
        var lines = [UInt8](repeating: 0, count: Int(header.inflatedLength))
        let inflater = FrameInflater()
        _ = try lines.withMutableBytes { bytes throws(FrameProblem) in
            try located.segment.inflate(located.frame, with: inflater, into: bytes)
        }
        let text = String(decoding: lines, as: UTF8.self).replacing("\"rx\":", with: "\"xr\":")
        #expect(text != String(decoding: lines, as: UTF8.self))
        var content = FrameEncoder.Content(flags: header.flags, recordCount: header.recordCount, firstSequence: header.firstSequence)
        for line in text.split(separator: "\n") {
            content.timestamps.include(Array(line.utf8).withUnsafeBytes { (try? RecordScanner.scan($0))?.timestamp })
        }
        var member: [UInt8] = []
        _ = Array(text.utf8).withUnsafeBytes { FrameEncoder(level: 9).encode($0, content, into: &member) }
        let whole = TestFile.read(path(located.number))
        let range = Int(located.frame.offset)..<Int(located.frame.end)
        TestFile.write(Array(whole[..<range.lowerBound]) + member + Array(whole[range.upperBound...]), to: path(located.number))
    }

    @Test func aFrameReplacedByAWellFormedOne() throws {
        try replaceFrame(3)
        let report = try Sample.verify(journal)
        #expect(report.verdict == .tampered)
        let mismatch = try #require(report.findings.first { $0.kind == .rootMismatch })
        #expect(mismatch.frames?.contains(3) == true)
        #expect((mismatch.frames?.count ?? 99) <= 3, "the checkpoints around it narrow it down")
        #expect(try Sample.verify(journal, keys: []).verdict == .tampered)
    }

    @Test func anUnsealedFileAlthoughAKeyIsGiven() throws {
        let other = directory.path + "/unsealed"
        try Sample.write(other, key: nil)
        let report = try Sample.verify(other)
        #expect(report.verdict == .cannotBeProved)
        #expect(kinds(report) == [.noCheckpoint])
        // Frames that were written without a key stay unproved when a key comes later.
        let writer = try JournalWriter(directory: other, options: Sample.options(key: Sample.signer()), identity: Sample.identity) {
            Timestamp(milliseconds: Sample.start + 9_000_000)
        }
        try writer.close()
        #expect(kinds(try Sample.verify(other)) == [.signerUnknown, .unsealedTail], "the key does not speak for that origin")
        let later = try Sample.verify(other) { $0.keys = [TrustedKey(Sample.signer().verifier, origin: report.origin)] }
        #expect(later.verdict == .cannotBeProved)
        #expect(kinds(later) == [.sealedByOther])
    }

    @Test func aWrongKey() throws {
        let sameName = try Sample.verify(journal, keys: [Sample.signer(5)])
        #expect(sameName.verdict == .cannotBeProved)
        #expect(kinds(sameName) == [.signerUnknown, .unsealedTail])
        let none = try Sample.verify(journal, keys: [])
        #expect(none.verdict == .cannotBeProved)
        #expect(kinds(none) == [.noKey])
        // Signed by another key under our key's name and id.
        let impostor = Sample.signer(5)
        let ours = Sample.signer().verifier
        let forged = notes.compactMap { bytes -> [UInt8]? in
            guard let note = SignedNote(String(decoding: bytes.dropLast(), as: UTF8.self)),
                let signature = impostor.sign(Array(note.text.utf8))
            else { return nil }
            let id = withUnsafeBytes(of: ours.keyID.bigEndian) { Array($0) }
            return Array((note.text + "\n— \(ours.name) \(Base64.encode(id + signature))\n\n").utf8)
        }
        writeNotes(forged)
        let report = try Sample.verify(journal)
        #expect(report.verdict == .tampered)
        #expect(kinds(report).contains(.signatureWrong))
    }

    @Test func wholeSegmentsDeleted() throws {
        for segment in segments {
            let bytes = TestFile.read(path(segment))
            unlink(path(segment))
            let report = try Sample.verify(journal)
            #expect(report.verdict == .tampered, "segment \(segment): \(report.findings)")
            TestFile.write(bytes, to: path(segment))
        }
    }

    @Test func aDeletedSegmentWhoseSuccessorsAreRenumbered() throws {
        let numbers = segments
        for segment in numbers.dropFirst().dropLast() { rename(path(segment + 1), path(segment)) }
        #expect(segments == Array(numbers.dropLast()))
        let report = try Sample.verify(journal)
        #expect(report.verdict == .tampered)
        #expect(kinds(report).isSuperset(of: [.sequenceBroken, .rootMismatch]))
    }

    @Test func theLastSegmentAndItsCheckpointsDeleted() throws {
        let last = try #require(segments.last)
        let before = try Sample.frames(journal).filter { $0.number < last }.count
        unlink(path(last))
        writeNotes(
            notes.filter { bytes in
                SignedNote(String(decoding: bytes.dropLast(), as: UTF8.self)).flatMap { Checkpoint(text: $0.text) }.map {
                    $0.head.size <= before
                } ?? false
            })
        let report = try Sample.verify(journal)
        #expect(report.verdict == .tampered, "\(report.findings)")
        #expect(kinds(report).isSuperset(of: [.framesMissing, .openEnd]))
        // Also when the writer's state is deleted or set back.
        unlink(journal + "/tree")
        #expect(kinds(try Sample.verify(journal)) == [.openEnd])
    }

    @Test func setBackToAnEarlierStateThatWasClosed() throws {
        // Everything as it was after the first run: no bytes tell, only memory does.
        let earlier = directory.path + "/earlier"
        try Sample.write(earlier, runs: 1)
        TestFile.copyDirectory(earlier, to: directory.path + "/kept")
        let writer = try JournalWriter(directory: earlier, options: Sample.options(key: Sample.signer()), identity: Sample.identity) {
            Timestamp(milliseconds: Sample.start + 9_000_000)
        }
        try writer.close()
        let seen = try Sample.verify(earlier).head
        #expect(try Sample.verify(directory.path + "/kept").verdict == .intact)
        let report = try Sample.verify(directory.path + "/kept") { $0.remembered = [seen] }
        #expect(report.verdict == .tampered)
        #expect(kinds(report) == [.notAnExtension])
    }

    @Test func checkpointsDeleted() throws {
        let all = notes
        #expect(all.count >= 5)
        for first in all.indices {
            for count in [1, 2] where first + count <= all.count {
                writeNotes(Array(all[..<first] + all[(first + count)...]))
                let report = try Sample.verify(journal)
                #expect(report.verdict != .intact, "checkpoints \(first)..<\(first + count)")
                if first + count < all.count { #expect(report.verdict == .tampered, "\(report.findings)") }
            }
        }
        writeNotes([])
        #expect(try Sample.verify(journal).verdict == .tampered)
        unlink(journal + "/checkpoints")
        #expect(try Sample.verify(journal).verdict == .tampered)
    }

    @Test func checkpointsSwappedOrRepeated() throws {
        let all = notes
        writeNotes([all[1], all[0]] + all[2...])
        #expect(kinds(try Sample.verify(journal)).contains(.checkpointMisplaced))
        writeNotes(all + [all[all.count - 1]])
        #expect(try Sample.verify(journal).verdict == .tampered)
    }

    @Test func aSegmentRenamed() throws {
        let last = try #require(segments.last)
        rename(path(last), path(last + 1))
        #expect(kinds(try Sample.verify(journal)).contains(.segmentMissing))
        rename(path(last + 1), path(last))
        rename(path(1), journal + "/x")
        rename(path(2), path(1))
        rename(journal + "/x", path(2))
        #expect(try Sample.verify(journal).verdict == .tampered)
    }

    @Test func segmentsSwappedBetweenJournalsOfOneKey() throws {
        let other = directory.path + "/other"
        try Sample.write(other, records: 3)
        for segment in segments {
            let own = TestFile.read(path(segment))
            TestFile.write(TestFile.read(other + "/" + SegmentName.name(of: segment)), to: path(segment))
            #expect(try Sample.verify(journal).verdict == .tampered, "segment \(segment)")
            TestFile.write(own, to: path(segment))
        }
        // The whole journal of another: intact in itself, but not what was seen, and not of the origin that is asked for.
        let seen = try Sample.verify(journal).head
        #expect(try Sample.verify(other) { $0.remembered = [seen] }.verdict == .tampered)
        #expect(try Sample.verify(other) { $0.origin = "acme.example/lab" }.verdict == .tampered)
    }

    @Test func theCheckpointsOfAnotherJournal() throws {
        let other = directory.path + "/other"
        try Sample.write(other, key: Sample.signer(1, name: "acme.example/lab"))
        TestFile.write(TestFile.read(other + "/checkpoints"), to: journal + "/checkpoints")
        let report = try Sample.verify(journal, keys: [Sample.signer(), Sample.signer(1, name: "acme.example/lab")])
        #expect(report.verdict == .tampered)
        #expect(kinds(report).contains(.checkpointMisplaced))
    }

    @Test func aClockThatSteppedIsNoTampering() throws {
        let other = directory.path + "/stepped"
        let clock = Sample.Clock()
        let writer = try JournalWriter(
            directory: other, options: Sample.options(key: Sample.signer()), identity: Sample.identity, clock: { clock.now })
        for step in [5_000, -86_400_000, 70_000, 86_400_000, -1] as [Int64] {
            clock.advance(step)
            try writer.append(Sample.record(1, at: clock.now.milliseconds))
            try writer.tick()
            try writer.flush()
        }
        try writer.close()
        #expect(try Sample.verify(other) { $0.depth = .records }.verdict == .intact)
    }

    @Test func aFaultyWriterIsFoundByLookingInside() throws {
        // Whoever has the key can seal frames whose records are misnumbered; hashes do not tell, looking inside does.
        let other = directory.path + "/faulty"
        mkdir(other, 0o755)
        var member: [UInt8] = []
        let lines = Array("{\"seq\":1,\"event_type\":\"x\",\"timestamp\":1}\n{\"seq\":3,\"event_type\":\"x\",\"timestamp\":1}\n".utf8)
        var content = FrameEncoder.Content(recordCount: 2, firstSequence: 1)
        content.timestamps.include(Timestamp(milliseconds: 1))
        _ = lines.withUnsafeBytes { FrameEncoder(level: 6).encode($0, content, into: &member) }
        // A sound frame behind it, so that it is not taken for an interrupted write.
        var sound: [UInt8] = []
        content = FrameEncoder.Content(recordCount: 1, firstSequence: 3)
        content.timestamps.include(Timestamp(milliseconds: 1))
        _ = Array("{\"seq\":3,\"event_type\":\"x\",\"timestamp\":1}\n".utf8).withUnsafeBytes {
            FrameEncoder(level: 6).encode($0, content, into: &sound)
        }
        TestFile.write(member + sound, to: other + "/000000000001.ndjson.gz")
        let head = try Sample.verify(other, keys: []).head
        let note = try #require(SignedNote(text: Checkpoint(origin: "acme.example/office", head: head).text, signer: Sample.signer()))
        TestFile.write(CheckpointFile.encode(note), to: other + "/checkpoints")
        let shallow = try Sample.verify(other)
        #expect(shallow.verdict == .cannotBeProved)
        #expect(kinds(shallow) == [.noBeginning, .openEnd])
        let deep = try Sample.verify(other) { $0.depth = .records }
        #expect(deep.verdict == .tampered)
        #expect(kinds(deep).contains(.frameDamaged))
    }

    /// The last checkpoints are cut off, and frames that they covered are forged: neither writer nor verifier takes it for an interruption.
    @Test func framesForgedAfterTheirCheckpointsWereCutOff() throws {
        let all = notes
        try replaceFrame(try Sample.frames(journal).count - 3)
        let kept = TestFile.read(path(1))
        for count in 1..<all.count - 1 {
            writeNotes(Array(all[..<count]))
            #expect(try Sample.verify(journal).verdict == .tampered, "\(count) checkpoints left")
            #expect(throws: JournalProblem.self, "\(count) checkpoints left") { _ = try self.reopen() }
            unlink(journal + "/tree")
            #expect(throws: JournalProblem.self, "\(count) checkpoints left, without state") { _ = try self.reopen() }
        }
        #expect(TestFile.read(path(1)) == kept, "nothing was changed by a writer that refused")
    }

    @Test func allFramesDeleted() throws {
        for segment in segments { unlink(path(segment)) }
        #expect(try Sample.verify(journal).verdict == .tampered)
        #expect(throws: JournalProblem.self) { _ = try self.reopen() }
        TestFile.write([], to: path(1))
        #expect(try Sample.verify(journal).verdict == .tampered)
        #expect(throws: JournalProblem.self) { _ = try self.reopen() }
    }

    @Test(arguments: ["000000000000.ndjson.gz", "extra.ndjson.gz", "0000000000007.ndjson.gz", "a.NDJSON.GZ"])
    func aFileThatAPatternTakesForASegment(name: String) throws {
        TestFile.write(TestFile.read(path(1)), to: journal + "/" + name)
        let report = try Sample.verify(journal)
        #expect(report.verdict == .tampered)
        #expect(report.findings.map(\.file) == [name])
    }

    @Test func aJournalRewrittenByAnotherTrustedKey() throws {
        let lab = Sample.signer(9, name: "acme.example/lab")
        let other = directory.path + "/rewritten"
        let identity = JournalIdentity(origin: "acme.example/office", software: "tests")
        let writer = try JournalWriter(directory: other, options: Sample.options(key: lab), identity: identity) {
            Timestamp(milliseconds: Sample.start)
        }
        try writer.close()
        #expect(kinds(try Sample.verify(other, keys: [Sample.signer(), lab])) == [.signerUnknown, .unsealedTail])
        let stated = TrustedKey(lab.verifier, origin: "acme.example/office")
        #expect(try Sample.verify(other) { $0.keys = [stated] }.verdict == .intact)
    }

    @Test func aKeyIsHandedOver() throws {
        let newer = Sample.signer(9, name: "acme.example/office-2")
        func writer(_ key: NoteSigner, previous: NoteSigner?) throws -> JournalWriter {
            var options = Sample.options(key: key)
            options.previousKey = previous
            return try JournalWriter(directory: journal, options: options, identity: Sample.identity) {
                Timestamp(milliseconds: Sample.start + 9_000_000)
            }
        }
        #expect(throws: JournalProblem.self, "not the key before") { _ = try writer(newer, previous: Sample.signer(3)) }
        try writer(newer, previous: Sample.signer()).close()
        do {
            let next = try writer(newer, previous: nil)
            #expect(next.replacedKeyID == nil)
            try next.append(Sample.record(1, at: 1))
            try next.close()
        }
        #expect(try Sample.verify(journal).verdict == .intact, "the first key suffices")
        #expect(try Sample.verify(journal, keys: [Sample.signer(), newer]).verdict == .intact)
        #expect(try Sample.verify(journal, keys: [newer]).verdict == .cannotBeProved)
        // The one that handed over does not speak any more.
        let back = try writer(Sample.signer(), previous: nil)
        #expect(back.replacedKeyID == newer.verifier.keyIDText)
        try back.close()
        #expect(kinds(try Sample.verify(journal)) == [.signerUnknown, .unsealedTail])
    }

    @Test func nothingToExamine() throws {
        let empty = directory.path + "/empty"
        mkdir(empty, 0o755)
        #expect(try Sample.verify(empty).verdict == .cannotBeProved)
        TestFile.write([], to: empty + "/000000000001.ndjson.gz")
        #expect(try Sample.verify(empty).verdict == .cannotBeProved)
        #expect(try Sample.verify(empty) { $0.remembered = [TreeHead(size: 3, root: .empty)] }.verdict == .tampered)
    }

    @Test func theSealedPartOfAJournalInUse() throws {
        let open = directory.path + "/open"
        try Sample.write(open, runs: 1, frames: 5, closes: false)
        let whole = try Sample.verify(open)
        #expect(whole.verdict == .cannotBeProved)
        #expect(kinds(whole).isSubset(of: [.openEnd, .unsealedTail]))
        #expect(try Sample.verify(open) { $0.sealedPartOnly = true }.verdict == .intact)
        let frames = try Sample.frames(open)
        let path = open + "/" + SegmentName.name(of: frames[0].number)
        var bytes = TestFile.read(path)
        bytes[60] ^= 1
        TestFile.write(bytes, to: path)
        #expect(try Sample.verify(open) { $0.sealedPartOnly = true }.verdict == .tampered)
    }

    @Test func whatIsRememberedAtEverySize() throws {
        var tree = MerkleTree()
        for located in try Sample.frames(journal) {
            let member = try located.segment.member(of: located.frame)
            tree.append(member.withUnsafeBytes { TreeHash.leaf($0) })
            #expect(try Sample.verify(journal) { $0.remembered = [tree.head] }.verdict == .intact)
            let other = TreeHead(size: tree.size, root: .node(tree.root, .empty))
            #expect(try Sample.verify(journal) { $0.remembered = [other] }.verdict == .tampered)
        }
        #expect(try Sample.verify(journal) { $0.remembered = [TreeHead(size: tree.size + 1, root: .empty)] }.verdict == .tampered)
    }
}
