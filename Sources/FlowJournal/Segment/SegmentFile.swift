/// A segment file open for reading. Its methods may be called from several threads, each with its own `FrameInflater`.
public final class SegmentFile: Sendable {
    /// The segment's number in its journal; nil for a file whose name is not a segment's.
    public let number: Int?
    let file: OpenFile

    public init(path: String) throws(SystemProblem) {
        file = try OpenFile(regular: path)
        number = SegmentName.number(of: path)
    }

    public var path: String { file.path }

    public func size() throws(SystemProblem) -> UInt64 { try file.size() }

    /// Inflates a native frame into `target`, which needs room for `FrameHeader.maxInflatedLength` bytes at most; gives the number of bytes.
    public func inflate(
        _ frame: Frame, with inflater: FrameInflater, into target: UnsafeMutableRawBufferPointer
    ) throws(FrameProblem) -> Int {
        guard let header = frame.header else { throw .foreign }
        return try withMember(of: frame, scratch: &inflater.member) { member throws(FrameProblem) in
            try inflater.inflate(member, header, into: target)
        }
    }

    /// The bytes of a frame as they stand in the file; the frame must not be longer than `FrameHeader.maxMemberLength`.
    public func member(of frame: Frame) throws(FrameProblem) -> [UInt8] {
        var scratch: [UInt8] = []
        return try withMember(of: frame, scratch: &scratch) { member throws(FrameProblem) in Array(member) }
    }

    func withMember<Result>(
        of frame: Frame, scratch: inout [UInt8], _ body: (UnsafeRawBufferPointer) throws(FrameProblem) -> Result
    ) throws(FrameProblem) -> Result {
        guard frame.length <= UInt64(FrameHeader.maxMemberLength) else { throw .corrupt("the frame is longer than a frame can be") }
        let length = Int(frame.length)
        return try scratch.withMutableBytes(count: length) { buffer throws(FrameProblem) in
            let count: Int
            do throws(SystemProblem) {
                count = try file.read(into: buffer, at: frame.offset)
            } catch {
                throw .system(error)
            }
            guard count == length else { throw .truncated }
            return try body(UnsafeRawBufferPointer(buffer))
        }
    }
}

/// Names of segment files: twelve digits, from `000000000001`, and `.ndjson.gz`.
public enum SegmentName {
    static let digits = 12
    static let suffix = ".ndjson.gz"

    public static func name(of number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text + suffix
    }

    /// The number in a segment's path or name; nil when it is not a segment's.
    public static func number(of path: String) -> Int? {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
        guard name.hasSuffix(suffix) else { return nil }
        let stem = name.dropLast(suffix.count)
        guard stem.utf8.count == digits, stem.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return Int(stem).flatMap { $0 > 0 ? $0 : nil }
    }
}
