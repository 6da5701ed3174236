/// The bytes of a segment up to a limit: what is appended behind it does not exist here.
///
/// With `keeps`, bytes are read from the file once, ahead and in order, and whoever asks for them again gets those that were read: what is
/// judged, hashed and inflated is then the same. Only searches through long stretches that are no frames read past what is kept.
final class SegmentBytes {
    /// Read ahead at a time: a few frames of usual size, or one of the longest.
    private static let readAhead = 2 << 20

    let segment: SegmentFile
    /// Bytes of the file that exist here.
    private(set) var limit: UInt64
    private let keeps: Bool
    private var kept: [UInt8] = []
    private var keptStart: UInt64 = 0

    init(_ segment: SegmentFile, limit: UInt64, keeps: Bool) {
        self.segment = segment
        self.limit = limit
        self.keeps = keeps
    }

    /// Takes in what has been appended since; only for a file that is followed.
    func measure() throws(SystemProblem) {
        limit = max(limit, try segment.size())
    }

    /// Fills `buffer` from `offset`; fewer bytes only at the limit. Throws `SystemProblem.changed` when the file has become shorter than that.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemProblem) -> Int {
        guard offset < limit else { return 0 }
        let wanted = min(buffer.count, Int(clamping: limit - offset))
        var done = 0
        if offset >= keptStart, offset - keptStart < UInt64(kept.count) {
            let start = Int(offset - keptStart)
            done = min(wanted, kept.count - start)
            kept.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + done])) }
        }
        if done < wanted {
            let count = try segment.file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[done..<wanted]), at: offset + UInt64(done))
            guard done + count == wanted else { throw .changed(segment.path) }
            done = wanted
        }
        return done
    }

    /// Lets go of what lies before `offset`, and sees to it that the `count` bytes from there are kept, as far as there are as many.
    func keep(_ count: Int, at offset: UInt64) throws(SystemProblem) {
        guard keeps, offset < limit else { return }
        let end = offset + min(UInt64(count), limit - offset)
        if offset < keptStart || offset > keptStart + UInt64(kept.count) {
            kept.removeAll(keepingCapacity: true)
            keptStart = offset
        }
        guard keptStart + UInt64(kept.count) < end else { return }
        kept.removeSubrange(..<Int(offset - keptStart))
        keptStart = offset
        let old = kept.count
        let total = Int(clamping: min(limit - offset, UInt64(max(count, SegmentBytes.readAhead))))
        kept.append(contentsOf: repeatElement(0, count: total - old))
        let file = segment.file
        let read = try kept.withMutableBytes { bytes throws(SystemProblem) in
            try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[old...]), at: offset + UInt64(old))
        }
        guard old + read == total else {
            kept.removeAll()
            throw .changed(segment.path)
        }
    }

    /// The bytes themselves, as they were read.
    func bytes(_ count: Int, at offset: UInt64) throws(SystemProblem) -> [UInt8] {
        try keep(count, at: offset)
        var bytes = [UInt8](repeating: 0, count: min(count, Int(clamping: limit - min(limit, offset))))
        let got = try bytes.withMutableBytes { buffer throws(SystemProblem) in try read(into: buffer, at: offset) }
        guard got == bytes.count else { throw .changed(segment.path) }
        return bytes
    }
}
