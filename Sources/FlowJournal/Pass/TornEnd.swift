/// What an interrupted write left at the end of a journal.
///
/// It begins after the last whole frame or foreign member of the last segment, and goes to the segment's end. It is one piece or several, each of
/// which begins like a frame or with a zero: a frame that is cut, a last frame whose contents are not what its header says, zeros where data
/// did not reach the disk. It is no leaf of the tree. A piece that a whole frame follows is damage, and so is one that begins otherwise.
public struct TornEnd: Hashable, Sendable {
    /// A writer has far fewer frames between itself and the disk; a limit keeps crafted ones from being looked into for ever.
    public static let maxStretches = 1_024

    /// The number of the last segment.
    public let segment: Int
    public let path: String
    /// What it consists of, in order; not empty.
    public let stretches: [Frame]

    /// Bytes of the segment.
    public var bytes: Range<UInt64> { (stretches.first?.offset ?? 0)..<(stretches.last?.end ?? 0) }

    /// Walks on behind a stretch of the last segment that is no whole frame, to its end or to the first whole frame. Gives what was walked,
    /// `frame` first, and whether it is a torn end.
    static func look(behind frame: Frame, in reader: SegmentReader) throws(SystemProblem) -> (walked: [Frame], isTorn: Bool) {
        var walked = [frame]
        guard try reader.mayBeTorn(frame) else { return (walked, false) }
        while let next = try reader.next() {
            walked.append(next)
            guard walked.count <= maxStretches, try reader.mayBeTorn(next) else { return (walked, false) }
        }
        return (walked, true)
    }
}
