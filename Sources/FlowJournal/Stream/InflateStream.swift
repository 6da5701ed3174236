import CZlib

/// zlib's inflater over input that arrives in pieces.
final class InflateStream {
    enum Format: Int32 {
        case gzip = 31
        case zlib = 15
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
}
