import Crypto
import Dispatch
import FlowJournal
import FlowModel
import Glibc

/// The journal's own work, and the bare work inside it.
enum JournalBenchmark {
    private static let blockBytes = 1 << 20

    /// Reads `path` block by block.
    private static func blocks(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let file = fopen(path, "rb") else { throw Fault(description: "cannot read \(path)") }
        defer { fclose(file) }
        setvbuf(file, nil, _IONBF, 0)
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 64)
        defer { block.deallocate() }
        while true {
            let count = fread(block.baseAddress, 1, block.count, file)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: block[..<count]))
        }
    }

    private static func removeJournal(_ path: String) {
        guard let stream = opendir(path) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { unlink("\(path)/\(name)") }
        }
    }

    /// The records of `path` into a new journal, without syncs: what is measured is the writer, not the disk.
    static func append(_ path: String, to directory: String, isConcurrent: Bool) throws {
        removeJournal(directory)
        var options = JournalOptions()
        options.sync = .none
        options.isConcurrent = isConcurrent
        let start = secondsNow()
        let now = Timestamp(milliseconds: 1_791_158_400_000)
        let writer = try JournalWriter(
            directory: directory, options: options, identity: JournalIdentity(software: "twin-bench"), clock: { now })
        var rest: [UInt8] = []
        try blocks(path) { block in
            var from = 0
            while let base = block.baseAddress, let found = memchr(base + from, 10, block.count - from) {
                let end = UnsafeRawPointer(found) - base
                let piece = UnsafeRawBufferPointer(rebasing: block[from..<end])
                if rest.isEmpty {
                    try writer.append(piece)
                } else {
                    rest.append(contentsOf: piece)
                    try writer.append(rest)
                    rest.removeAll(keepingCapacity: true)
                }
                from = end + 1
            }
            rest.append(contentsOf: block[from...])
        }
        if !rest.isEmpty { try writer.append(rest) }
        try writer.close()
        let seconds = secondsNow() - start
        print("{\"seconds\": \(seconds), \"records\": \(writer.recordCount)}")
    }

    /// Every frame inflated, its checksum and lengths checked, on one core.
    static func read(_ path: String) throws {
        let start = secondsNow()
        let reader = try JournalReader(JournalDirectory(path))
        let inflater = FrameInflater()
        var buffer = [UInt8](repeating: 0, count: FrameHeader.maxInflatedLength)
        var bytes = 0
        var frames = 0
        while let located = try reader.next() {
            bytes += try buffer.withUnsafeMutableBytes { try located.segment.inflate(located.frame, with: inflater, into: $0) }
            frames += 1
        }
        print("{\"seconds\": \(secondsNow() - start), \"bytes\": \(bytes), \"frames\": \(frames)}")
    }

    /// The same on all cores, the frames handed over in order.
    static func readInParallel(_ path: String) throws {
        let start = secondsNow()
        var bytes = 0
        var frames = 0
        try FrameDecoding.forEach(JournalReader(JournalDirectory(path))) { _, lines in
            bytes += try lines.get().count
            frames += 1
            return true
        }
        print("{\"seconds\": \(secondsNow() - start), \"bytes\": \(bytes), \"frames\": \(frames)}")
    }

    /// With the key, to the depth that proves the journal intact.
    static func verify(_ path: String, key: String) throws {
        var text = ""
        try blocks(key) { text += String(decoding: $0, as: UTF8.self) }
        let start = secondsNow()
        var verifier = JournalVerifier(JournalDirectory(path))
        verifier.keys = [TrustedKey(try NoteVerifier(text))]
        let report = try verifier.verify()
        let seconds = secondsNow() - start
        print("{\"seconds\": \(seconds), \"verdict\": \"\(report.verdict.rawValue)\", \"bytes\": \(report.byteCount)}")
    }

    /// Bytes that one core hashes at a time.
    private static let pieceBytes = 4 << 20

    /// SHA-256 of all bytes of the segments, in pieces that are spread over all cores.
    static func digest(_ path: String) throws {
        let directory = JournalDirectory(path)
        var pieces: [(path: String, offset: Int)] = []
        for number in try directory.segments() {
            let path = directory.segmentPath(number)
            var status = stat()
            guard stat(path, &status) == 0 else { throw Fault(description: "cannot examine \(path)") }
            for offset in stride(from: 0, to: status.st_size, by: pieceBytes) { pieces.append((path, offset)) }
        }
        let work = pieces
        let start = secondsNow()
        DispatchQueue.concurrentPerform(iterations: work.count) { index in
            let file = open(work[index].path, O_RDONLY)
            defer { close(file) }
            let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 64)
            defer { block.deallocate() }
            var hasher = SHA256()
            for offset in stride(from: work[index].offset, to: work[index].offset + pieceBytes, by: blockBytes) {
                let count = pread(file, block.baseAddress, block.count, offset)
                guard count > 0 else { break }
                hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: block[..<count]))
            }
            _ = hasher.finalize()
        }
        print("{\"seconds\": \(secondsNow() - start), \"pieces\": \(work.count)}")
    }
}
