/// The segments of a journal at one moment. Whatever is appended afterwards, and segments that are begun afterwards, do not exist in it.
public struct JournalMoment: Hashable, Sendable {
    public struct Segment: Hashable, Sendable {
        public let number: Int
        public let path: String
        /// Bytes that the file had.
        public let size: UInt64
        let device: UInt64
        let inode: UInt64
    }

    public let directory: JournalDirectory
    /// Ascending by number; there may be gaps.
    public let segments: [Segment]

    /// Takes the journal as it is now. A writer ends a segment before it begins the next one, so every segment but the last is listed whole.
    public init(_ directory: JournalDirectory, firstSegment: Int = 1) throws(SystemProblem) {
        self.directory = directory
        var segments: [Segment] = []
        for number in try directory.segments() where number >= firstSegment {
            let path = directory.segmentPath(number)
            guard let status = try FileSystem.status(path) else { throw .changed(path) }
            segments.append(
                Segment(number: number, path: path, size: status.size, device: status.device, inode: status.inode))
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
    /// Throws `SystemProblem.changed` when another file has the name by now, or the file has become shorter.
    func open() throws(SystemProblem) -> SegmentFile {
        let file = try SegmentFile(path: path)
        let status = try file.file.status()
        guard status.device == device, status.inode == inode, status.size >= size else { throw .changed(path) }
        return file
    }
}
