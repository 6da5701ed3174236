/// The segments of a journal at one moment. Whatever is appended afterwards, and segments that are begun afterwards, do not exist in it.
public struct JournalMoment: Hashable, Sendable {
    public struct Segment: Hashable, Sendable {
        public let number: Int
        public let path: String
        /// Bytes that the file had.
        public let size: UInt64
        let device: UInt64
        let inode: UInt64
        let changedNanoseconds: Int64
        /// The file had rested for so long that any later change of it shows in its status.
        let hadRested: Bool
    }

    /// How long a file rests before its status can be relied on, in nanoseconds: file systems count their time in ticks of up to a second.
    private static let resting: Int64 = 2_000_000_000

    public let directory: JournalDirectory
    /// Ascending by number; there may be gaps.
    public let segments: [Segment]

    /// Takes the journal as it is now. A writer ends a segment before it begins the next one, so every segment but the last is listed whole.
    public init(_ directory: JournalDirectory, firstSegment: Int = 1) throws(SystemProblem) {
        self.directory = directory
        var segments: [Segment] = []
        let now = FileSystem.now
        for number in try directory.segments() where number >= firstSegment {
            let path = directory.segmentPath(number)
            guard let status = try FileSystem.status(path) else { throw .changed(path) }
            segments.append(
                Segment(
                    number: number, path: path, size: status.size, device: status.device, inode: status.inode,
                    changedNanoseconds: status.changedNanoseconds,
                    hadRested: status.changedNanoseconds < now - JournalMoment.resting))
        }
        self.segments = segments
    }

    /// Numbers that are missing before a segment that is there.
    public var missing: [ClosedRange<Int>] {
        var ranges: [ClosedRange<Int>] = []
        var next = 1
        for segment in segments {
            if segment.number > next { ranges.append(next...segment.number - 1) }
            next = segment.number + 1
        }
        return ranges
    }

    /// Throws `SystemProblem.changed` when a segment was replaced, removed or cut since.
    public func checkUnchanged() throws(SystemProblem) {
        for segment in segments {
            guard let status = try FileSystem.status(segment.path), status.device == segment.device, status.inode == segment.inode,
                status.size >= segment.size
            else { throw .changed(segment.path) }
        }
    }
}

extension JournalMoment.Segment {
    /// True when nobody has touched the file since the moment, as its status shows: device, inode, size and the time of its last change, which
    /// cannot be set but with the system's clock. False when somebody has, or when it cannot be told.
    public var isUntouched: Bool {
        // One that cannot be looked at is not known to be untouched.
        guard hadRested, let status = try? FileSystem.status(path) else { return false }
        return status.device == device && status.inode == inode && status.size == size && status.changedNanoseconds == changedNanoseconds
    }

    /// Throws `SystemProblem.changed` when another file has the name by now, or the file has become shorter.
    func open() throws(SystemProblem) -> SegmentFile {
        let file = try SegmentFile(path: path)
        let status = try file.file.status()
        guard status.device == device, status.inode == inode, status.size >= size else { throw .changed(path) }
        return file
    }
}
