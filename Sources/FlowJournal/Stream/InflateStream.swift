import CZlib

/// zlib's inflater over input that arrives in pieces.
final class InflateStream {
    enum Format: Int32 {
        case gzip = 31
        case zlib = 15
        case raw = -15
    }

    struct Step {
        var consumed: Int
        var produced: Int
        var isAtEnd: Bool
    }

    struct Corrupt: Error {
        var reason: String
        var consumed: Int
        var produced: Int
    }

    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool

    init(_ format: Format) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        isReady = twin_inflate_init(stream, format.rawValue) == Z_OK
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Begins a new member.
    func reset() {
        inflateReset(stream)
    }

    func step(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(Corrupt) -> Step {
        guard isReady, let source = input.baseAddress, let target = output.baseAddress else {
            throw Corrupt(reason: "zlib has no memory", consumed: 0, produced: 0)
        }
        let offered = min(input.count, Int(Int32.max))
        let room = min(output.count, Int(Int32.max))
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = uInt(offered)
        stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = uInt(room)
        let code = CZlib.inflate(stream, Z_NO_FLUSH)
        let consumed = offered - Int(stream.pointee.avail_in)
        let produced = room - Int(stream.pointee.avail_out)
        switch code {
        case Z_OK, Z_BUF_ERROR: return Step(consumed: consumed, produced: produced, isAtEnd: false)
        case Z_STREAM_END: return Step(consumed: consumed, produced: produced, isAtEnd: true)
        case Z_NEED_DICT: throw Corrupt(reason: "a preset dictionary is needed", consumed: consumed, produced: produced)
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)"
            throw Corrupt(reason: reason, consumed: consumed, produced: produced)
        }
    }

    /// The last byte of raw compressed data that is there as a whole, and how many of its upper bits belong to nothing; nil when the data
    /// does not end there. What it inflates to is written over `scratch` again and again.
    func lastByte(
        _ data: UnsafeRawBufferPointer, scratch: UnsafeMutableRawBufferPointer
    ) -> (byte: UInt8, unusedBits: Int)? {
        guard isReady, let source = data.baseAddress, let target = scratch.baseAddress, let count = uInt(exactly: data.count),
            let room = uInt(exactly: scratch.count), room > 0
        else { return nil }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = count
        while true {
            stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = room
            // Stops at the end of every block; bits 6 and 7 say that it was the last one, bits 0 to 2 how many bits are unused.
            guard CZlib.inflate(stream, Z_BLOCK) == Z_OK else { return nil }
            if stream.pointee.data_type & 0xc0 == 0xc0 { break }
        }
        guard stream.pointee.avail_in == 0 else { return nil }
        return (data[data.count - 1], Int(stream.pointee.data_type & 7))
    }
}
