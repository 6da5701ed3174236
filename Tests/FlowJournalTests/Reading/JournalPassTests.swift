import Crypto
import FlowModel
import Glibc
import Testing

@testable import FlowJournal

/// The bytes that are hashed are the bytes that are handed out, of one moment.
@Suite struct JournalPassTests {
    let directory = TemporaryDirectory()
    var journal: String { directory.path + "/journal" }

    func path(_ segment: Int) -> String { journal + "/" + SegmentName.name(of: segment) }

    func pass() throws -> JournalPass { try JournalPass(JournalDirectory(journal)) }

    func leaves(_ pass: JournalPass) throws -> [JournalPass.Leaf] {
        var leaves: [JournalPass.Leaf] = []
        while let leaf = try pass.next() { leaves.append(leaf) }
        return leaves
    }

    /// The tree and the digests, the naive way.
    @Test func headAndDigestAreOfWhatWasHandedOut() throws {
        try Sample.write(journal, runs: 3, frames: 5)
        let pass = try pass()
        var hashes: [TreeHash] = []
        while let leaf = try pass.next() {
            #expect(leaf.index == UInt64(hashes.count))
            let file = TestFile.read(leaf.path)
            #expect(leaf.bytes == Array(file[Int(leaf.frame.offset)..<Int(leaf.frame.end)]))
            hashes.append(leaf.bytes.withUnsafeBytes { TreeHash.leaf($0) })
            #expect(pass.head == TreeHead(size: UInt64(hashes.count), root: MerklePaths.root(hashes[...])))
            let digest = try #require(pass.digest)
            #expect(digest.path == leaf.path && digest.segment == leaf.segment && digest.size == leaf.frame.end)
            #expect(digest.sha256 == Array(SHA256.hash(data: file[..<Int(leaf.frame.end)])))
        }
        #expect(hashes.count > 12)
        #expect(pass.tornEnd == nil)
        #expect(pass.head == (try Sample.verify(journal).head))
    }

    @Test func framesInflateWithoutTheFile() throws {
        try Sample.write(journal)
        let expected = try Sample.records(journal)
        let leaves = try leaves(pass())
        for segment in try JournalDirectory(journal).segments() { unlink(path(segment)) }
        var lines: [String] = []
        var room = [UInt8](repeating: 0, count: FrameHeader.maxInflatedLength)
        for leaf in leaves {
            let count = try room.withMutableBytes { bytes throws(FrameProblem) in try leaf.inflate(with: FrameInflater(), into: bytes) }
            lines += Lines.texts(room[..<count])
        }
        #expect(lines == expected)
    }

    @Test func whatWasSeenBeforeIsPassed() throws {
        try Sample.write(journal)
        let first = try pass()
        for _ in 0..<3 { _ = try first.next() }
        let seen = first.head
        try Sample.write(journal, runs: 1)
        let second = try pass()
        #expect(try second.advance(to: seen.size) == seen)
        #expect(try second.next()?.index == seen.size)
        #expect(try second.advance(to: 10_000) == nil)
    }

    /// A journal that is cut anywhere within its last frames gives exactly the frames that are whole, whatever is appended meanwhile.
    @Test func whatIsAppendedMeanwhileDoesNotExist() throws {
        try Sample.write(journal, runs: 1, frames: 6, segmentBytes: 1 << 20)
        let whole = TestFile.read(path(1))
        let frames = try leaves(pass()).map(\.frame)
        var tree = MerkleTree()
        var heads = [tree.head]
        for leaf in try leaves(pass()) {
            tree.append(leaf.hash)
            heads.append(tree.head)
        }
        for count in Int(frames[2].offset)...whole.count {
            TestFile.write(Array(whole[..<count]), to: path(1))
            let pass = try pass()
            // Everything else comes before the first frame is looked at.
            TestFile.append(Array(whole[count...]), to: path(1))
            let reader = try JournalReader(JournalDirectory(journal))
            let expected = frames.prefix { $0.end <= UInt64(count) }
            #expect(try leaves(pass).map(\.frame) == Array(expected), "cut at \(count)")
            #expect(pass.head == heads[expected.count])
            let end = expected.last?.end ?? 0
            #expect(pass.tornEnd?.bytes == (end == UInt64(count) ? nil : end..<UInt64(count)), "cut at \(count)")
            #expect(try reader.next() != nil)
        }
    }

    @Test(arguments: [0, 1, 30, 53, 54, 60]) func aReaderStopsAtATornEndWhateverAppearsBehindIt(kept: Int) throws {
        try Sample.write(journal, runs: 1, frames: 4, segmentBytes: 1 << 20)
        let whole = TestFile.read(path(1))
        let frames = try leaves(pass()).map(\.frame)
        let cut = Int(frames[3].offset) + kept
        TestFile.write(Array(whole[..<cut]), to: path(1))
        let reader = try JournalReader(JournalDirectory(journal))
        for index in 0..<3 { #expect(try reader.next()?.frame == frames[index]) }
        TestFile.append(Array(whole[cut...]), to: path(1))
        if kept > 0 { #expect(try reader.next()?.frame.form == .torn) }
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
    }

    /// What may stand at the end, in any order and number, and what may not.
    @Test func onlyWhatAnInterruptedWriteLeavesIsTorn() throws {
        try Sample.write(journal, runs: 1, frames: 4, segmentBytes: 1 << 20)
        let whole = TestFile.read(path(1))
        let frames = try leaves(pass()).map(\.frame)
        let start = Int(frames[3].offset)
        let last = Array(whole[start..<Int(frames[3].end)])
        var damaged = last
        damaged[60] ^= 1
        let torn = [
            Array(last[..<20]), Array(last[..<70]), damaged, [UInt8](repeating: 0, count: 40),
            Array(last[..<60]) + [UInt8](repeating: 0, count: last.count - 60),
        ]
        func end(_ bytes: [UInt8]) throws -> Range<UInt64>? {
            TestFile.write(Array(whole[..<start]) + bytes, to: path(1))
            let pass = try pass()
            while try pass.next() != nil {}
            return pass.tornEnd?.bytes
        }
        for first in torn {
            #expect(try end(first) == UInt64(start)..<UInt64(start + first.count))
            for second in torn {
                let length = first.count + second.count
                #expect(try end(first + second) == UInt64(start)..<UInt64(start + length), "\(first.count), \(second.count)")
            }
            // A whole frame shows that what is before it was not left at the end.
            #expect(try end(first + last) == nil, "\(first.count)")
            #expect(try end(last + first) == UInt64(start + last.count)..<UInt64(start + last.count + first.count))
        }
        #expect(try end(Array("garbage".utf8)) == nil)
        #expect(try end(ByteStreamReaderTests.gzip(Array("{}\n".utf8))) == nil)
        #expect(try end(last) == nil)
    }

    @Test func aSegmentThatShrinksIsChanged() throws {
        try Sample.write(journal, runs: 4, frames: 8, segmentBytes: 700)
        let pass = try JournalPass(JournalMoment(JournalDirectory(journal)))
        let moment = pass.moment
        truncate(path(2), 10)
        #expect(throws: SystemProblem.changed(path(2))) { try moment.checkUnchanged() }
        #expect(throws: SystemProblem.changed(path(2))) { try moment.segments[1].open() }
    }

    @Test func aSegmentThatIsReplacedIsChanged() throws {
        try Sample.write(journal, runs: 1, frames: 3, segmentBytes: 1 << 20)
        let pass = try pass()
        _ = try pass.next()
        // The same bytes under the same name, in another file.
        let bytes = TestFile.read(path(1))
        TestFile.write(bytes, to: journal + "/other")
        rename(journal + "/other", path(1))
        #expect(throws: SystemProblem.changed(path(1))) { while try pass.next() != nil {} }
        // What was handed out stays what the head is of.
        #expect(pass.head.size == UInt64(try leaves(self.pass()).count))
    }

    @Test func missingSegmentsAreTold() throws {
        try Sample.write(journal, runs: 4, frames: 8, segmentBytes: 700)
        let count = try JournalDirectory(journal).segments().count
        #expect(count > 5)
        for number in [1, 3, 4] { unlink(path(number)) }
        #expect(try JournalMoment(JournalDirectory(journal)).missing == [1...1, 3...4])
    }

    @Test func theEndOfASegmentInTheMiddleIsDamage() throws {
        try Sample.write(journal, runs: 4, frames: 8, segmentBytes: 700)
        let whole = TestFile.read(path(2))
        for cut in [whole.count - 1, whole.count - 40, 30] {
            TestFile.write(Array(whole[..<cut]), to: path(2))
            let pass = try pass()
            var damaged: [JournalPass.Leaf] = []
            while let leaf = try pass.next() {
                let file = TestFile.read(leaf.path)
                #expect(pass.digest?.sha256 == Array(SHA256.hash(data: file[..<Int(leaf.frame.end)])), "\(leaf.frame)")
                if leaf.frame.header == nil { damaged.append(leaf) }
            }
            #expect(damaged.map(\.segment) == [2])
            #expect(pass.tornEnd == nil)
            #expect(try Sample.verify(journal).verdict == .tampered)
        }
    }
}

extension Lines {
    fileprivate static func texts(_ bytes: ArraySlice<UInt8>) -> [String] {
        Array(bytes).withUnsafeBytes { buffer in Lines(buffer).map { String(decoding: $0, as: UTF8.self) } }
    }
}

extension TestFile {
    static func append(_ bytes: [UInt8], to path: String) {
        let descriptor = open(path, O_WRONLY | O_APPEND)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, bytes.count) }
        precondition(count == bytes.count)
    }
}
