internal import CDeflate
import CZlib

/// Why the bytes of a frame could not be turned into its lines.
public enum FrameProblem: Error, Hashable, Sendable {
    case system(SystemProblem)
    /// The member does not inflate, or not to the checksum or the length that it states.
    case corrupt(String)
    /// The file ended before the member did.
    case truncated
    /// The member is not one that this format writes; read it with `ByteStreamReader`.
    case foreign
}

extension FrameProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .system(let problem): problem.description
        case .corrupt(let reason): reason
        case .truncated: "the frame is cut short"
        case .foreign: "the gzip member was not written by a journal writer"
        }
    }
}

/// Inflates frames. One for each thread: an inflater is not safe for use from several threads at once.
///
/// Where the system has libdeflate, frames are inflated with it, at twice the speed. Whatever it does not inflate is given to zlib, which
/// decides, and says why: a frame that is called damaged is so with or without it.
public final class FrameInflater {
    private let fast: OpaquePointer?
    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool
    /// Inflates without gzip's wrapping, block by block; made when it is needed.
    private var strict: InflateStream?
    /// The member's bytes as read from the file; grows to the longest frame seen, at most `FrameHeader.maxMemberLength`.
    var member: [UInt8] = []

    /// - Parameter usesFast: false: zlib alone.
    public init(usesFast: Bool = true) {
        fast = usesFast ? twin_deflate_make() : nil
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        isReady = twin_inflate_init(stream, 31) == Z_OK
    }

    deinit {
        twin_deflate_free(fast)
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Inflates one whole member into `target`, which must have room for `header.inflatedLength` bytes; gives the number of bytes.
    ///
    /// The checksum, both lengths, and that nothing follows the deflate data inside the member are checked.
    public func inflate(
        _ member: UnsafeRawBufferPointer, _ header: FrameHeader, into target: UnsafeMutableRawBufferPointer
    ) throws(FrameProblem) -> Int {
        let expected = Int(header.inflatedLength)
        guard target.count >= expected, let input = member.baseAddress, let output = target.baseAddress else {
            throw .corrupt("the frame is longer than the space for it")
        }
        guard member.count == Int(header.memberLength) else { throw .truncated }
        if let fast, twin_deflate_gzip(fast, input, member.count, output, expected) { return expected }
        guard isReady, inflateReset(stream) == Z_OK else { throw .corrupt("zlib has no memory") }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = uInt(member.count)
        stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = uInt(expected)
        let code = CZlib.inflate(stream, Z_FINISH)
        let left = Int(stream.pointee.avail_in)
        guard code == Z_STREAM_END else {
            if code == Z_DATA_ERROR {
                throw .corrupt("the compressed data is damaged" + (stream.pointee.msg.map { " (\(String(cString: $0)))" } ?? ""))
            }
            throw .corrupt(left == 0 ? "the compressed data ends early" : "more data than the \(expected) bytes the header states")
        }
        guard left == 0 else { throw .corrupt("\(left) bytes follow the compressed data inside the frame") }
        guard stream.pointee.avail_out == 0 else {
            throw .corrupt("\(expected - Int(stream.pointee.avail_out)) bytes where the header states \(expected)")
        }
        return expected
    }

    /// What is wrong with bits of a member that inflating does not look at, or nil: those between the end of the compressed data and the
    /// next byte, which every compressor leaves zero. The member must have been inflated without an error.
    func unusedBits(of member: UnsafeRawBufferPointer, scratch: UnsafeMutableRawBufferPointer) -> String? {
        let stream = strict ?? InflateStream(.raw)
        strict = stream
        stream.reset()
        guard member.count > FrameHeader.length + FrameHeader.trailerLength else { return "the frame is cut short" }
        let data = UnsafeRawBufferPointer(rebasing: member[FrameHeader.length..<member.count - FrameHeader.trailerLength])
        guard let last = stream.lastByte(data, scratch: scratch) else { return "the compressed data does not end where it should" }
        return last.byte >> UInt8(8 - last.unusedBits) == 0 ? nil : "bits after the end of the compressed data are set"
    }
}
