public import FlowModel

/// How far a file has been read whose lines become records.
///
/// A file is known again by its first bytes, because rotation renames it, copies it, or compresses it; device and inode are only kept
/// for people.
public struct SourcePosition: Hashable, Sendable {
    /// First bytes that tell files apart: several log lines with their times of day.
    public static let longestHead = 1_024

    public var path: String
    public var device: UInt64
    public var inode: UInt64
    /// Bytes read, whole lines only.
    public var offset: UInt64
    /// Bytes that `head` is the hash of: the first ones of the file, at most `longestHead` and at most `offset`.
    public var headLength: Int
    /// SHA-256 of the first `headLength` bytes.
    public var head: TreeHash
    /// When the journal recorded it; nil for one that it has not recorded yet.
    public private(set) var recordedAt: Timestamp?
    /// Why lines before this position may be missing from the journal; nil when none are.
    public var gap: String?

    public init(
        path: String, device: UInt64, inode: UInt64, offset: UInt64, headLength: Int, head: TreeHash, gap: String? = nil
    ) {
        self.path = path
        self.device = device
        self.inode = inode
        self.offset = offset
        self.headLength = headLength
        self.head = head
        self.gap = gap
    }

    /// The hash of a file's first bytes, as `head` holds it.
    public static func hash(ofHead bytes: UnsafeRawBufferPointer) -> TreeHash { .plain(bytes) }

    func record(at now: Timestamp) -> [UInt8] {
        var json = JSONObjectWriter()
        json.member("event_type", "source_position")
        json.member("timestamp", now.milliseconds)
        json.object("source") {
            $0.member("path", path)
            $0.member("device", device)
            $0.member("inode", inode)
            $0.member("offset", offset)
            $0.member("head_length", headLength)
            $0.member("head", head.base64)
            $0.member("gap", gap)
        }
        return json.finished()
    }

    init?(_ record: OwnRecord) {
        guard case .position = record.kind, let source = record.value["source"], let path = source["path"]?.text,
            let offset = source["offset"]?.unsigned, let length = source["head_length"]?.unsigned,
            length <= UInt64(SourcePosition.longestHead), let head = source["head"]?.text.flatMap({ TreeHash(base64: $0) })
        else { return nil }
        self.init(
            path: path, device: source["device"]?.unsigned ?? 0, inode: source["inode"]?.unsigned ?? 0, offset: offset,
            headLength: Int(length), head: head, gap: source["gap"]?.text)
        recordedAt = record.value["timestamp"]?.integer.map(Timestamp.init(milliseconds:))
    }

    /// The last position that the journal holds for a path; nil when there is none.
    public static func last(of path: String, in directory: JournalDirectory) throws(SystemProblem) -> SourcePosition? {
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
                    if let position = SourcePosition(record), position.path == path { return position }
                }
            }
        }
        return nil
    }
}
