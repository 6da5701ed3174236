import CZlib
import FlowModel

/// Makes frames: compresses the lines and puts header and trailer around them. Not safe for use from several threads at once.
final class FrameEncoder {
    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool

    /// - Parameter level: 0 (stored) … 9, as in zlib.
    init(level: Int) {
        // zlib keeps the address of its stream, so the stream must not move.
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        isReady = twin_deflate_init(stream, Int32(clamping: level), -15) == Z_OK
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// What a frame's header says apart from lengths.
    struct Content {
        var flags: UInt8 = 0
        var recordCount: UInt32 = 0
        var firstSequence: UInt64 = 0
        var timestamps = TimestampRange()
    }

    /// Replaces `member` by the frame that holds `payload`; nil when zlib has no memory.
    func encode(_ payload: UnsafeRawBufferPointer, _ content: Content, into member: inout [UInt8]) -> FrameHeader? {
        guard isReady, deflateReset(stream) == Z_OK, let inflatedLength = UInt32(exactly: payload.count) else { return nil }
        var header = FrameHeader(
            flags: content.flags,
            memberLength: 0,
            inflatedLength: inflatedLength,
            recordCount: content.recordCount,
            firstSequence: content.firstSequence,
            firstTimestamp: content.timestamps.first,
            lastTimestamp: content.timestamps.last)
        let capacity = FrameHeader.length + Int(deflateBound(stream, UInt(payload.count))) + FrameHeader.trailerLength
        if member.count < capacity { member.append(contentsOf: repeatElement(0, count: capacity - member.count)) }
        let stream = self.stream
        let produced: Int? = member.withUnsafeMutableBytes { target in
            guard let input = payload.baseAddress, let output = target.baseAddress else { return nil }
            // zlib does not write to its input; the type lacks const for historical reasons.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self))
            stream.pointee.avail_in = uInt(inflatedLength)
            stream.pointee.next_out = (output + FrameHeader.length).assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = uInt(capacity - FrameHeader.length)
            guard deflate(stream, Z_FINISH) == Z_STREAM_END else { return nil }
            return Int(stream.pointee.total_out)
        }
        guard let produced else { return nil }
        let length = FrameHeader.length + produced + FrameHeader.trailerLength
        header.memberLength = UInt32(length)
        member.removeLast(member.count - (FrameHeader.length + produced))
        member.replaceSubrange(0..<FrameHeader.length, with: header.encoded())
        let checksum = crc32(0, payload.baseAddress?.assumingMemoryBound(to: UInt8.self), inflatedLength)
        member.appendLittleEndian(UInt32(truncatingIfNeeded: checksum))
        member.appendLittleEndian(inflatedLength)
        return header
    }
}

/// The earliest and the latest timestamp of some records, or everything once a record without one was among them.
struct TimestampRange: Equatable {
    private(set) var first = Timestamp.distantPast
    private(set) var last = Timestamp.distantFuture
    private var isEmpty = true
    private var isOpen = false

    mutating func include(_ timestamp: Timestamp?) {
        guard let timestamp, !isOpen else {
            isOpen = true
            first = .distantPast
            last = .distantFuture
            return
        }
        first = isEmpty ? timestamp : min(first, timestamp)
        last = isEmpty ? timestamp : max(last, timestamp)
        isEmpty = false
    }
}
