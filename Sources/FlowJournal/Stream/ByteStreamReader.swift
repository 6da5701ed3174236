internal import Crypto
import Glibc

/// Reads a file of bytes that may be plain, gzip (one member or many) or zlib-wrapped, told apart by the first bytes.
///
/// Memory is bounded whatever the input inflates to. Everything that was inflated before an error is handed out before the error is
/// thrown. Zero bytes after the last gzip member are padding, as for gzip itself; anything else there is an error.
public final class ByteStreamReader {
    public enum Compression: String, Sendable, CaseIterable {
        case none
        case gzip
        case zlib
    }

    /// Compressed bytes read at a time: large enough that system calls do not show, small enough for many readers.
    public static let chunkBytes = 1 << 18

    /// Bytes looked at before deciding that a file is zlib-wrapped.
    private static let sniffedBytes = 512

    public let path: String
    public let compression: Compression
    /// Bytes of the file that have been used up so far.
    public private(set) var compressedOffset: UInt64 = 0
    /// Bytes handed out so far.
    public private(set) var offset: UInt64 = 0

    private let file: OpenFile
    private let position: Position
    private let input: UnsafeMutableRawBufferPointer
    /// The part of `input` that has not been used.
    private var pending: Range<Int> = 0..<0
    private var inputIsAtEnd = false
    private let inflater: InflateStream?
    private var state = State.between
    private var failure: StreamProblem?
    private var hash = SHA256()
    /// Bytes of the file that were read and hashed; some of them may wait to be handed out.
    public private(set) var bytesRead: UInt64 = 0

    /// SHA-256 of the first `bytesRead` bytes of the file, which is compressed; what a plain file hands out is for the caller to hash.
    public var fileDigest: [UInt8] {
        let soFar = hash
        return Array(soFar.finalize())
    }

    private func note(_ bytes: UnsafeRawBufferPointer) {
        if inflater != nil { hash.update(bufferPointer: bytes) }
        bytesRead += UInt64(bytes.count)
    }

    private enum Position {
        /// From wherever the descriptor stands, such as a pipe.
        case sequential
        /// A range of the file, read with `pread`.
        case range(Range<UInt64>)
    }

    private enum State {
        /// Nothing of a next member has been read.
        case between
        case inMember
        /// The last byte has been handed out.
        case finished
    }

    /// Opens the file at `path`.
    public convenience init(path: String) throws(StreamProblem) {
        do throws(SystemProblem) {
            let file = try OpenFile(path, .read)
            guard try !file.status().isDirectory else {
                throw SystemProblem(operation: "read", path: path, code: EISDIR)
            }
            try self.init(file: file, position: .sequential, start: 0)
        } catch {
            throw .system(error)
        }
    }

    /// Opens the file at `path` and reads its first `size` bytes, once each: what is appended meanwhile does not exist for this reader, and
    /// `fileDigest` is of just the bytes that were inflated.
    public convenience init(path: String, size: UInt64) throws(StreamProblem) {
        do throws(SystemProblem) {
            let file = try OpenFile(path, .read)
            guard try !file.status().isDirectory else {
                throw SystemProblem(operation: "read", path: path, code: EISDIR)
            }
            try self.init(file: file, position: .range(0..<size), start: 0)
        } catch {
            throw .system(error)
        }
    }

    /// Reads from an open descriptor, such as standard input, which stays open; `name` is for messages.
    public convenience init(fileDescriptor: Int32, name: String) throws(StreamProblem) {
        do throws(SystemProblem) {
            try self.init(file: OpenFile(borrowing: fileDescriptor, path: name), position: .sequential, start: 0)
        } catch {
            throw .system(error)
        }
    }

    /// Reads a range of a segment: the members that another program wrote.
    public convenience init(_ segment: SegmentFile, range: Range<UInt64>) throws(StreamProblem) {
        do throws(SystemProblem) {
            try self.init(file: segment.file, position: .range(range), start: range.lowerBound)
        } catch {
            throw .system(error)
        }
    }

    private init(file: OpenFile, position: Position, start: UInt64) throws(SystemProblem) {
        self.file = file
        self.position = position
        path = file.path
        compressedOffset = start
        input = .allocate(byteCount: ByteStreamReader.chunkBytes, alignment: 16)
        // A pipe may deliver its first bytes one at a time.
        var count = 0
        var ended = false
        while !ended, ByteStreamReader.needsMore(UnsafeRawBufferPointer(rebasing: input[..<count])) {
            let room = UnsafeMutableRawBufferPointer(rebasing: input[count...])
            let got: Int
            do throws(SystemProblem) {
                got = try ByteStreamReader.fill(room, from: file, position, at: start + UInt64(count))
            } catch {
                input.deallocate()
                throw error
            }
            ended = got == 0
            count += got
        }
        pending = 0..<count
        inputIsAtEnd = ended
        compression = ByteStreamReader.sniff(UnsafeRawBufferPointer(rebasing: input[..<count]))
        inflater =
            switch compression {
            case .none: nil
            case .gzip: InflateStream(.gzip)
            case .zlib: InflateStream(.zlib)
            }
        note(UnsafeRawBufferPointer(rebasing: input[..<count]))
    }

    deinit {
        input.deallocate()
    }

    /// Fills `buffer` as far as is possible without waiting for more than one piece of input; 0 only at the end of the stream.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamProblem) -> Int {
        if let failure { throw failure }
        guard buffer.count > 0 else { return 0 }
        let count: Int
        if let inflater {
            count = try inflate(with: inflater, into: buffer)
        } else {
            count = try copy(into: buffer)
        }
        offset += UInt64(count)
        return count
    }

    private func copy(into buffer: UnsafeMutableRawBufferPointer) throws(StreamProblem) -> Int {
        var count = 0
        if pending.isEmpty, !inputIsAtEnd {
            // Straight into the caller's buffer.
            do throws(SystemProblem) {
                count = try ByteStreamReader.fill(buffer, from: file, position, at: compressedOffset)
            } catch {
                throw fail(.system(error))
            }
            inputIsAtEnd = count == 0
            note(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } else {
            count = min(pending.count, buffer.count)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[pending.prefix(count)]))
            pending = pending.dropFirst(count)
        }
        compressedOffset += UInt64(count)
        return count
    }

    private func inflate(with inflater: InflateStream, into buffer: UnsafeMutableRawBufferPointer) throws(StreamProblem) -> Int {
        var produced = 0
        while produced < buffer.count {
            if pending.isEmpty {
                // What there is goes out before the next piece of input is waited for.
                if produced > 0, !inputIsAtEnd { return produced }
                try refill()
            }
            switch state {
            case .finished:
                return produced
            case .between:
                guard try beginMember(inflater, produced: produced) else { return produced }
            case .inMember:
                guard !pending.isEmpty else {
                    return try stop(.truncated(compressedOffset: compressedOffset, offset: offset + UInt64(produced)), produced)
                }
                let step: InflateStream.Step
                do throws(InflateStream.Corrupt) {
                    step = try inflater.step(
                        UnsafeRawBufferPointer(rebasing: input[pending]),
                        into: UnsafeMutableRawBufferPointer(rebasing: buffer[produced...]))
                } catch {
                    use(error.consumed)
                    produced += error.produced
                    let problem = StreamProblem.corrupt(
                        reason: error.reason, compressedOffset: compressedOffset, offset: offset + UInt64(produced))
                    return try stop(problem, produced)
                }
                use(step.consumed)
                produced += step.produced
                if step.isAtEnd { state = .between }
            }
        }
        return produced
    }

    /// At the start of the stream or after a member: true when another member begins here.
    private func beginMember(_ inflater: InflateStream, produced: Int) throws(StreamProblem) -> Bool {
        let isFirst = offset == 0 && produced == 0 && !hasBegun
        var next = try lookAhead()
        // Padding, of which there may be any amount.
        while compression == .gzip, !isFirst, next.count > 0, next.isZero {
            use(pending.count)
            next = try lookAhead()
        }
        if pending.isEmpty {
            state = .finished
            return false
        }
        if isFirst || (compression == .gzip && FrameHeader.isGzip(next)) {
            hasBegun = true
            inflater.reset()
            state = .inMember
            return true
        }
        if compression == .gzip, pending.count < 3, next[0] == 0x1f, pending.count == 1 || next[1] == 0x8b {
            _ = try stop(.truncated(compressedOffset: compressedOffset, offset: offset + UInt64(produced)), produced)
            return false
        }
        _ = try stop(.trailingBytes(compressedOffset: compressedOffset, offset: offset + UInt64(produced)), produced)
        return false
    }

    private var hasBegun = false

    /// What is pending, at least the three bytes that tell a member from anything else unless the input ends.
    private func lookAhead() throws(StreamProblem) -> UnsafeRawBufferPointer {
        while pending.count < 3, !inputIsAtEnd { try refill() }
        return UnsafeRawBufferPointer(rebasing: input[pending])
    }

    private func use(_ count: Int) {
        pending = pending.dropFirst(count)
        compressedOffset += UInt64(count)
    }

    /// Moves what is pending to the front and reads more behind it.
    private func refill() throws(StreamProblem) {
        guard !inputIsAtEnd else { return }
        let kept = pending.count
        if kept > 0, let base = input.baseAddress {
            base.copyMemory(from: base + pending.lowerBound, byteCount: kept)
        }
        do throws(SystemProblem) {
            let room = UnsafeMutableRawBufferPointer(rebasing: input[kept...])
            let count = try ByteStreamReader.fill(room, from: file, position, at: compressedOffset + UInt64(kept))
            inputIsAtEnd = count == 0
            note(UnsafeRawBufferPointer(rebasing: room[..<count]))
            pending = 0..<(kept + count)
        } catch {
            throw fail(.system(error))
        }
    }

    /// Throws at once when there is nothing to hand out first.
    private func stop(_ problem: StreamProblem, _ produced: Int) throws(StreamProblem) -> Int {
        failure = problem
        if produced == 0 { throw problem }
        return produced
    }

    private func fail(_ problem: StreamProblem) -> StreamProblem {
        failure = problem
        return problem
    }

    private static func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from file: OpenFile, _ position: Position, at offset: UInt64
    ) throws(SystemProblem) -> Int {
        switch position {
        case .sequential:
            return try file.read(into: buffer)
        case .range(let range):
            let left = range.upperBound - min(offset, range.upperBound)
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, Int(clamping: left))])
            return try file.read(into: room, at: offset)
        }
    }

    /// Whether the compression cannot be told yet; a slow pipe of plain text must not wait for more than it needs.
    private static func needsMore(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 3 else { return true }
        return !FrameHeader.isGzip(bytes) && hasZlibHeader(bytes) && bytes.count < sniffedBytes
    }

    private static func hasZlibHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && bytes[0] & 0x0f == 8 && bytes[0] >> 4 <= 7 && bytes[1] & 0x20 == 0
            && (UInt16(bytes[0]) << 8 | UInt16(bytes[1])) % 31 == 0
    }

    /// gzip by its magic number. zlib's two header bytes are also plain text now and then (`x^`, `hC`), so the first bytes must inflate.
    private static func sniff(_ bytes: UnsafeRawBufferPointer) -> Compression {
        if FrameHeader.isGzip(bytes) { return .gzip }
        // Compressed data has bytes in it that no text has.
        guard hasZlibHeader(bytes), bytes.contains(where: { $0 >= 0x7f || ($0 < 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d) }) else {
            return .none
        }
        return withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 16) { scratch in
            let trial = InflateStream(.zlib)
            var used = 0
            while used < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
                guard let step = try? trial.step(rest, into: scratch) else { return .none }
                used += step.consumed
                if step.isAtEnd { break }
                if step.consumed == 0, step.produced == 0 { break }
            }
            return .zlib
        }
    }
}

/// Why a stream of bytes could not be read to its end. Offsets are in bytes: `compressedOffset` in the file, `offset` in what it inflates to.
public enum StreamProblem: Error, Hashable, Sendable {
    case system(SystemProblem)
    /// The file ends within compressed data.
    case truncated(compressedOffset: UInt64, offset: UInt64)
    /// The compressed data is damaged.
    case corrupt(reason: String, compressedOffset: UInt64, offset: UInt64)
    /// Bytes that are no compressed data follow the end of the stream.
    case trailingBytes(compressedOffset: UInt64, offset: UInt64)
}

extension StreamProblem {
    /// Only the end is missing.
    public var isCut: Bool {
        guard case .truncated = self else { return false }
        return true
    }
}

extension StreamProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .system(let problem):
            problem.description
        case .truncated(let compressed, let offset):
            "the compressed data is cut off at byte \(compressed), after \(offset) inflated bytes"
        case .corrupt(let reason, let compressed, let offset):
            "the compressed data is damaged near byte \(compressed), after \(offset) inflated bytes: \(reason)"
        case .trailingBytes(let compressed, let offset):
            "bytes that are not compressed data follow at byte \(compressed), after \(offset) inflated bytes"
        }
    }
}
