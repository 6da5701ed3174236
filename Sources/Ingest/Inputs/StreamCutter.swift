internal import FlowJournal
internal import FlowModel
internal import FlowStore
internal import LogFormats

/// Cuts the inflated bytes of a file into pieces that end with a line.
///
/// INVARIANT: used by one thread at a time, in the order of the stream.
final class StreamCutter: @unchecked Sendable {
    private let reader: ContentReader
    /// Bytes that were read and belong to the next piece.
    private var carried: [UInt8]
    /// Where the next piece begins.
    private var point: ResumePoint
    private var isAtEnd = false

    /// `first`: bytes that were read from `reader` already, of which those before `point` are left out.
    init(_ reader: ContentReader, first: UnsafeRawBufferPointer, at point: ResumePoint) {
        self.reader = reader
        self.point = point
        let known = min(first.count, Int(clamping: point.offset))
        reader.note(UnsafeRawBufferPointer(rebasing: first[..<known]))
        carried = Array(first[known...])
        unread = point.offset - UInt64(known)
    }

    /// Bytes still to be passed over before the first piece.
    private var unread: UInt64

    /// Passes over what is before the first piece; gives its digest.
    func skip() throws(StreamProblem) -> ContentDigest {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while unread > 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, Int(clamping: unread))])
            let count = try reader.fill(part)
            if count == 0 { break }
            reader.note(UnsafeRawBufferPointer(rebasing: part[..<count]))
            unread -= UInt64(count)
        }
        return reader.contentDigest
    }

    /// Reads the next piece into the worker's buffer; gives what decodes it.
    func read(_ worker: DecodingWorker) -> (@Sendable (DecodingWorker) -> Void)? {
        worker.end = point
        worker.content = reader.contentDigest
        guard !isAtEnd else {
            worker.isLast = true
            worker.isEmpty = true
            return nil
        }
        let count = fill(worker.buffer)
        if let problem = reader.problem {
            worker.failure = problem
            worker.isLast = true
            isAtEnd = true
            guard reader.isCutOff else { return nil }
        }
        worker.filePosition = reader.fileOffset
        let start = point
        let bytes = UnsafeRawBufferPointer(rebasing: worker.buffer[..<count])
        let whole = RecordCut.lengthOfWholeRecords(bytes)
        if reader.isCutOff { return cutOff(worker, whole) }
        if count < worker.buffer.count {
            isAtEnd = true
            worker.isLast = true
            reader.note(bytes)
            return { worker in StreamCutter.decodeLast(worker, count: count, whole: whole, from: start) }
        }
        guard whole > 0, !RecordCut.mayCountBytes(bytes) else {
            // Only whoever reads it in a row knows where a record ends.
            isAtEnd = true
            worker.isLast = true
            worker.overlong = count
            return nil
        }
        carried.append(contentsOf: bytes[whole...])
        return decodeWhole(worker, whole)
    }

    /// What stands before the place where a file is cut off; what it has of the record there is left out.
    private func cutOff(_ worker: DecodingWorker, _ whole: Int) -> (@Sendable (DecodingWorker) -> Void)? {
        guard whole > 0 else {
            worker.isEmpty = true
            return nil
        }
        return decodeWhole(worker, whole)
    }

    /// The piece is the first `whole` bytes, which end with a record.
    private func decodeWhole(_ worker: DecodingWorker, _ whole: Int) -> @Sendable (DecodingWorker) -> Void {
        let start = point
        let bytes = UnsafeRawBufferPointer(rebasing: worker.buffer[..<whole])
        reader.note(bytes)
        var lines: UInt64 = 0
        for byte in bytes { lines &+= byte == 10 ? 1 : 0 }
        point = ResumePoint(offset: start.offset + UInt64(whole), line: start.line + lines)
        worker.end = point
        worker.content = reader.contentDigest
        return { worker in
            worker.resume(at: start)
            // The piece ends with a record: nothing of it may be left in the decoder.
            worker.decode(UnsafeRawBufferPointer(rebasing: worker.buffer[..<whole]), isLast: true)
        }
    }

    /// A last line without its end may be half a line of a file that still grows: it is read, and read again when the file has grown.
    private static func decodeLast(_ worker: DecodingWorker, count: Int, whole: Int, from start: ResumePoint) {
        worker.resume(at: start)
        worker.decode(UnsafeRawBufferPointer(rebasing: worker.buffer[..<whole]))
        worker.end = worker.resumePoint
        worker.decode(UnsafeRawBufferPointer(rebasing: worker.buffer[whole..<count]), isLast: true)
    }

    /// The number of bytes; fewer than there is room for at the end, and where the reader has a problem.
    private func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let own = min(carried.count, buffer.count)
        carried.withUnsafeBytes { bytes in buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<own])) }
        carried.removeFirst(own)
        do throws(StreamProblem) {
            return own + (try reader.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[own...])))
        } catch {
            // It is the reader's `problem`.
            return own
        }
    }
}

extension InputFormat {
    /// Whether a line can be read without those before it.
    var isLineByLine: Bool { self != .networkReport && self != .json }
}
