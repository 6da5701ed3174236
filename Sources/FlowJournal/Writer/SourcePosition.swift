public import FlowModel
import TextEncodings

/// How far a file has been read whose lines become records.
///
/// A file is known again by its first bytes and by those that were read last, because rotation renames it, copies it, or compresses it, and the
/// next one may begin alike; where two files have both, device and inode decide.
public struct SourcePosition: Hashable, Sendable {
    /// First bytes that tell files apart: several log lines with their times of day.
    public static let maxHeadLength = 1_024
    /// Last bytes that tell files apart which begin alike: what makes a log line its own is within its length.
    public static let maxTailLength = 256

    public var path: String
    public var device: UInt64
    public var inode: UInt64
    /// Bytes read, whole lines only.
    public var offset: UInt64
    /// Bytes that `head` is the hash of: the first ones of the file, at most `maxHeadLength` and at most `offset`.
    public var headLength: Int
    /// SHA-256 of the first `headLength` bytes.
    public var head: TreeHash
    /// Bytes that `tail` is the hash of: the last ones before `offset`; 0 when they are not known.
    public var tailLength: Int
    public var tail: TreeHash
    /// When the journal recorded it; nil for one that it has not recorded yet.
    public private(set) var recordedAt: Timestamp?
    /// Why lines before this position may be missing from the journal; nil when none are.
    public var gap: String?

    public init(
        path: String, device: UInt64, inode: UInt64, offset: UInt64, headLength: Int, head: TreeHash, tailLength: Int = 0,
        tail: TreeHash = .empty, gap: String? = nil
    ) {
        self.path = path
        self.device = device
        self.inode = inode
        self.offset = offset
        self.headLength = headLength
        self.head = head
        self.tailLength = tailLength
        self.tail = tail
        self.gap = gap
    }

    /// The hash of bytes of a file, as `head` and `tail` hold it.
    public static func hash(of bytes: UnsafeRawBufferPointer) -> TreeHash { .plain(bytes) }

    func record(at now: Timestamp) -> [UInt8] {
        JSONWriter.object(.record) { json in
            json.member("event_type", "source_position")
            json.member("timestamp", now.milliseconds)
            json.object("source") {
                $0.member("path", path)
                $0.member("device", device)
                $0.member("inode", inode)
                $0.member("offset", offset)
                $0.member("head_length", headLength)
                $0.member("head", head.base64)
                if tailLength > 0 {
                    $0.member("tail_length", tailLength)
                    $0.member("tail", tail.base64)
                }
                $0.member("gap", gap)
            }
        }
    }

    init?(_ record: OwnRecord) {
        guard case .position = record.kind, let source = record.value["source"], let path = source["path"]?.text,
            let offset = source["offset"]?.unsigned, let length = source["head_length"]?.unsigned,
            length <= UInt64(SourcePosition.maxHeadLength), let head = source["head"]?.text.flatMap({ TreeHash(base64: $0) })
        else { return nil }
        var tailLength = source["tail_length"]?.unsigned ?? 0
        let tail = source["tail"]?.text.flatMap { TreeHash(base64: $0) }
        if tail == nil || tailLength > UInt64(SourcePosition.maxTailLength) || tailLength > offset { tailLength = 0 }
        self.init(
            path: path, device: source["device"]?.unsigned ?? 0, inode: source["inode"]?.unsigned ?? 0, offset: offset,
            headLength: Int(length), head: head, tailLength: Int(tailLength), tail: tail ?? .empty, gap: source["gap"]?.text)
        recordedAt = record.value["timestamp"]?.integer.map(Timestamp.init(milliseconds:))
    }

    /// The last position that the journal holds for a path and that is the wanted one; nil when there is none.
    public static func last(
        of path: String, in directory: JournalDirectory, where isWanted: (SourcePosition) -> Bool = { _ in true }
    ) throws(SystemProblem) -> SourcePosition? {
        let inflater = FrameInflater()
        for number in try directory.segments().reversed() {
            let reader = try SegmentReader(path: directory.segmentPath(number))
            var frames: [Frame] = []
            while let frame = try reader.next() { frames.append(frame) }
            for frame in frames.reversed() {
                let records: [OwnRecord]
                do throws(FrameProblem) {
                    records = try OwnRecords.read(frame, of: reader.segment, with: inflater)
                } catch {
                    if case .system(let problem) = error { throw problem }
                    continue
                }
                for record in records.reversed() {
                    if let position = SourcePosition(record), position.path == path, isWanted(position) { return position }
                }
            }
        }
        return nil
    }
}
