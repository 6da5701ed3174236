import FlowJournal
import Glibc

/// Walks any bytes as a segment: every byte belongs to one frame, and inflating stays within the limit.
enum FrameTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        if case .frame(let header) = FrameHeader.parse(bytes) {
            require(header.encoded().elementsEqual(bytes.prefix(FrameHeader.length)), "a header is written as it was read")
        }
        let file = MemoryFile(bytes, MemoryFile.directory + "/000000000001.ndjson.gz")
        guard let reader = try? SegmentReader(path: file.path) else { return }
        let inflater = FrameInflater()
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: FrameHeader.maxInflatedLength, alignment: 16)
        defer { room.deallocate() }
        var end: UInt64 = 0
        while let frame = try? reader.next() {
            require(frame.offset == end && frame.length > 0, "frames follow each other without gaps")
            end = frame.end
            if frame.header != nil, let count = try? reader.segment.inflate(frame, with: inflater, into: room) {
                for line in Lines(UnsafeRawBufferPointer(rebasing: room[..<count])) { _ = try? RecordScanner.scan(line) }
            }
        }
        require(end == UInt64(bytes.count), "the walk comes to the end")
    }
}

/// Scans any line; what is accepted can be appended to itself only as an error.
enum RecordTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let record = try? RecordScanner.scan(bytes) else { return }
        require(!bytes.contains(10), "a record is one line")
        require(record.eventType.map { $0.upperBound <= bytes.count } ?? true, "ranges lie within the line")
        let twice = Array(bytes) + Array(bytes)
        require((try? twice.withUnsafeBytes { try RecordScanner.scan($0) }) == nil, "two objects are no record")
    }
}

/// Reads any text as a note, a checkpoint, and keys.
enum CheckpointTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        if let note = SignedNote(text) {
            require(Array(note.encoded.utf8) == Array(text.utf8), "a note is written as it was read")
            if let checkpoint = Checkpoint(text: note.text) {
                require(Array(checkpoint.text.utf8) == Array(note.text.utf8), "a checkpoint is written as it was read")
            }
        }
        if let verifier = try? NoteVerifier(text) { require(text.contains(verifier.line), "a key is written as it was read") }
        if let signer = try? NoteSigner(text) { require(text.contains(signer.line), "a key is written as it was read") }
    }
}

/// Reads any text as a proof and holds it against a frame.
enum ProofTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let text = String(validating: bytes, as: UTF8.self), let proof = TransparencyProof(text) else { return }
        require(Array(proof.encoded.utf8) == Array(text.utf8), "a proof is written as it was read")
        if case .proved = proof.check(bytes, []) { require(false, "nothing is proved without a key") }
    }
}

/// Reads any bytes as a file that may be compressed, up to a limit, in steps of changing size.
enum StreamTarget {
    private static let limit = 8 << 20

    static func run(_ bytes: UnsafeRawBufferPointer) {
        let file = MemoryFile(bytes, MemoryFile.directory + "/stream")
        guard let reader = try? ByteStreamReader(path: file.path) else { return }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { room.deallocate() }
        let step = Int(bytes.first ?? 0) * 257 + 1
        var total = 0
        while total < limit, let count = try? reader.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<step])), count > 0 {
            total += count
            require(reader.offset == UInt64(total), "the offset counts what was handed out")
        }
        require(reader.compressedOffset <= UInt64(bytes.count), "no more is used than there is")
        if reader.compression == .none { require(total == min(bytes.count, total), "plain bytes stay as many") }
    }
}

/// Verifies any bytes as a journal: a segment and, after a byte 0xff, the file `checkpoints`. Nothing that was made up is intact.
enum JournalTarget {
    private static let key = try? NoteVerifier("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")

    static func run(_ bytes: UnsafeRawBufferPointer) {
        let directory = MemoryFile.directory + "/journal"
        mkdir(MemoryFile.directory, 0o700)
        mkdir(directory, 0o700)
        let cut = bytes.lastIndex(of: 0xff) ?? bytes.count
        _ = MemoryFile(UnsafeRawBufferPointer(rebasing: bytes[..<cut]), directory + "/000000000001.ndjson.gz")
        _ = MemoryFile(UnsafeRawBufferPointer(rebasing: bytes[min(cut + 1, bytes.count)...]), directory + "/checkpoints")
        var verifier = JournalVerifier(JournalDirectory(directory))
        verifier.keys = [key].compactMap { $0.map { TrustedKey($0) } }
        verifier.depth = .records
        guard let report = try? verifier.verify() else { return }
        require(report.verdict != .intact, "bytes that nobody signed are not intact")
        require(report.byteCount == UInt64(cut), "all bytes are looked at")
        require(report.findings.allSatisfy { !$0.description.isEmpty }, "every finding can be told")
        guard let pass = try? JournalPass(JournalDirectory(directory)) else { return }
        var end: UInt64 = 0
        while let leaf = try? pass.next() {
            require(leaf.frame.offset == end && leaf.frame.length > 0, "leaves follow each other without gaps")
            require(leaf.bytes.count == (leaf.frame.header == nil ? 0 : Int(leaf.frame.length)), "a frame comes with all its bytes")
            end = leaf.frame.end
            require(pass.digest?.size == end, "the digest is of what was handed out")
        }
        require(pass.tornEnd.map { $0.bytes == end..<UInt64(cut) } ?? (end == UInt64(cut)), "what is no leaf is the torn end")
        require(pass.head == report.head, "the pass and the verifier see one tree")
    }
}
