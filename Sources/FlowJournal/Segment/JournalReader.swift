public import FlowModel

/// Walks the frames of a whole journal in order, from segment to segment, by headers only.
///
/// Frames that lie wholly outside the wanted sequences or times are passed over without being inflated. At the end of the last segment
/// `next()` gives nil; called again later, it goes on with what was appended since, and with new segments.
///
/// ```swift
/// let wanted = JournalReader.Selection(since: since)
/// let reader = try JournalReader(JournalDirectory(path), selection: wanted)
/// try FrameDecoding.forEach(reader) { located, lines in
///     switch lines {
///     case .success(let bytes): take(bytes)
///     case .failure(let problem): print("frame \(located.index) of segment \(located.number): \(problem)")
///     }
///     return true
/// }
/// ```
public final class JournalReader {
    /// A frame with the segment that holds it and its place in the journal.
    public struct Located: Sendable {
        public let segment: SegmentFile
        /// The segment's number.
        public let number: Int
        /// Place in the journal, from 0; damaged stretches count as one frame each. When the reader was told to begin later, places are
        /// counted from there.
        public let index: UInt64
        public let frame: Frame
    }

    /// What is wanted; nil is no limit.
    public struct Selection: Hashable, Sendable {
        public var since: Timestamp?
        public var until: Timestamp?
        public var fromSequence: UInt64?
        public var toSequence: UInt64?

        public init(
            since: Timestamp? = nil, until: Timestamp? = nil, fromSequence: UInt64? = nil, toSequence: UInt64? = nil
        ) {
            self.since = since
            self.until = until
            self.fromSequence = fromSequence
            self.toSequence = toSequence
        }

        /// Whether a frame may hold wanted records. `until` is exclusive, `toSequence` inclusive.
        public func mayConcern(_ header: FrameHeader) -> Bool {
            if let since, header.lastTimestamp < since { return false }
            if let until, header.firstTimestamp >= until { return false }
            if let fromSequence, header.lastSequence < fromSequence { return false }
            if let toSequence, header.firstSequence > toSequence { return false }
            return true
        }
    }

    public let directory: JournalDirectory
    public let selection: Selection
    /// The journal is being written: the beginning of a frame at its end is not given as torn, but waited for, and what is appended is given
    /// as well. Otherwise the journal is read as it was when the reader was made.
    public var isFollowing = false
    private var remaining: ArraySlice<JournalMoment.Segment>
    private var lastNumber: Int
    private var current: SegmentReader?
    /// The frames at the end of the journal that were looked at to tell a torn end from damage.
    private var ahead: ArraySlice<Frame> = []
    private var index: UInt64 = 0
    private var isSingleFile = false

    /// - Parameter firstSegment: segments before it are not opened.
    public init(_ directory: JournalDirectory, selection: Selection = Selection(), firstSegment: Int = 1) throws(SystemProblem) {
        self.directory = directory
        self.selection = selection
        remaining = try JournalMoment(directory, firstSegment: firstSegment).segments[...]
        lastNumber = firstSegment - 1
    }

    /// Reads one file, whatever its name.
    public init(file path: String, selection: Selection = Selection()) throws(SystemProblem) {
        directory = JournalDirectory(path)
        self.selection = selection
        remaining = []
        isSingleFile = true
        lastNumber = SegmentName.number(of: path) ?? 0
        current = try SegmentReader(path: path)
    }

    /// The next frame that may concern the selection; damaged and foreign stretches always do.
    public func next() throws(SystemProblem) -> Located? {
        while true {
            if let current, let frame = try frame(of: current) {
                defer { index += 1 }
                if let header = frame.header, !selection.mayConcern(header) { continue }
                return Located(segment: current.segment, number: lastNumber, index: index, frame: frame)
            }
            if isSingleFile { return nil }
            if remaining.isEmpty, isFollowing {
                let last = lastNumber
                remaining = try JournalMoment(directory, firstSegment: last + 1).segments[...]
                if !remaining.isEmpty, let current {
                    // It may have grown between its end and the appearance of the next one; what is left of it now is final.
                    try current.measure()
                    continue
                }
            }
            guard let segment = remaining.popFirst() else { return nil }
            lastNumber = segment.number
            current = try SegmentReader(segment.open(), limit: isFollowing ? nil : segment.size)
        }
    }

    private func frame(of reader: SegmentReader) throws(SystemProblem) -> Frame? {
        if let frame = ahead.popFirst() { return frame }
        reader.isFollowing = isFollowing && remaining.isEmpty
        guard let frame = try reader.next() else { return nil }
        guard !reader.isFollowing, remaining.isEmpty, case .damaged = frame.form else { return frame }
        let (stretches, isTorn) = try TornEnd.look(behind: frame, in: reader)
        guard isTorn, let last = stretches.last else {
            ahead = stretches.dropFirst()
            return frame
        }
        return Frame(form: .torn, offset: frame.offset, length: last.end - frame.offset)
    }
}
