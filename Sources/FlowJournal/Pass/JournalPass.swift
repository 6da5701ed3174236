import Crypto
import Dispatch

/// One pass over a journal, in which the bytes that are hashed are the bytes that are handed out.
///
/// The pass is over the journal as it was at one moment (`JournalMoment`). Every frame is read from its file once, into memory; what is
/// judged, hashed into the tree and given to the caller are those same bytes, so whatever `head` proves is proved of what was decoded. After
/// any frame the caller can ask for the size and root of the tree over all that was handed out, and for the digest of the segment's bytes up to
/// there. Memory does not grow with the journal: two batches of frames and O(log n) hashes.
///
/// A caller who has taken in n frames before passes them with `advance(to:)`, compares the root, and only then goes on.
///
/// ```swift
/// let pass = try JournalPass(JournalDirectory(path))
/// guard try pass.advance(to: remembered.size) == remembered else { return nil }
/// let inflater = FrameInflater()
/// let room = UnsafeMutableRawBufferPointer.allocate(byteCount: FrameHeader.maxInflatedLength, alignment: 8)
/// defer { room.deallocate() }
/// while let leaf = try pass.next() {
///     guard leaf.frame.header != nil else { continue }
///     let length = try leaf.inflate(with: inflater, into: room)
///     take(UnsafeRawBufferPointer(rebasing: room[..<length]))
/// }
/// remembered = pass.head
/// ```
///
/// Not safe for use from several threads at once; the frames are.
public final class JournalPass {
    /// A leaf of the tree: a frame, or a stretch that is none.
    public struct Leaf: Sendable {
        /// The segment's number.
        public let segment: Int
        /// The segment's path.
        public let path: String
        /// Form, offset and length. The form is never `torn`: the beginning of a frame at the end of a segment that another follows is damaged.
        public let frame: Frame
        /// Place in the journal, from 0: the leaf's index in the tree.
        public let index: UInt64
        /// Of a frame all its bytes; of foreign members and damaged stretches, which may be of any length, none.
        public let bytes: [UInt8]
        /// The leaf hash of its bytes (RFC 6962).
        public let hash: TreeHash
        /// The segment ends with it: `digest` is of the whole segment until the next leaf is handed out.
        public let endsSegment: Bool

        /// Inflates the frame's bytes into `target`, which needs room for the header's inflated length, at most `FrameHeader.maxInflatedLength`;
        /// gives the number of bytes. Throws when the form is not `native`, and when checksum or lengths are wrong.
        public func inflate(with inflater: FrameInflater, into target: UnsafeMutableRawBufferPointer) throws(FrameProblem) -> Int {
            guard let header = frame.header else { throw .foreign }
            return try bytes.withBytes { member throws(FrameProblem) in try inflater.inflate(member, header, into: target) }
        }
    }

    /// How much of a segment was handed out, and its hash.
    public struct Digest: Hashable, Sendable {
        /// The segment's number.
        public let segment: Int
        public let path: String
        /// Bytes from the beginning of the file to the end of the leaf that was handed out last.
        public let size: UInt64
        /// SHA-256 of those bytes, 32 of them.
        public let sha256: [UInt8]
    }

    public let moment: JournalMoment
    /// The tree over all leaves that were handed out.
    private(set) var tree: MerkleTree
    /// What an interrupted or unfinished write left at the journal's end; known once `next()` has given nil.
    public private(set) var tornEnd: TornEnd?

    private let walk: JournalWalk
    private var batch: [JournalWalk.Item] = []
    private var position = 0
    private let ahead = Ahead()
    private var isAtEnd = false
    /// The leaf that was handed out last, without its bytes.
    private var last: JournalWalk.Item?

    /// A pass over the journal as it is now.
    public convenience init(_ directory: JournalDirectory) throws(SystemProblem) {
        self.init(try JournalMoment(directory))
    }

    /// - Parameter takesDigests: without them `digest` is nil and the pass takes a little less time.
    public convenience init(_ moment: JournalMoment, takesDigests: Bool = true) {
        self.init(moment, from: TreeState(tree: MerkleTree(), nextSequence: 1, segment: 0, offset: 0), takesDigests: takesDigests)
    }

    /// Goes on where a writer's state says, which the caller has reason to believe.
    init(_ moment: JournalMoment, from state: TreeState, takesDigests: Bool) {
        self.moment = moment
        tree = state.tree
        walk = JournalWalk(moment.segments.filter { $0.number >= state.segment }, offset: state.offset, takesDigests: takesDigests)
        prefetch()
    }

    /// Size and root of the tree over all leaves that were handed out so far.
    public var head: TreeHead { tree.head }

    /// Of the segment of the leaf that was handed out last; nil before the first one. Costs a copy of the hash's state.
    public var digest: Digest? {
        guard let last, let hasher = last.digest else { return nil }
        return Digest(segment: last.segment.number, path: last.segment.path, size: last.frame.end, sha256: Array(hasher.finalize()))
    }

    /// The next leaf; nil behind the last one.
    ///
    /// Throws `SystemProblem`; one that `isChange` when a segment became shorter or was replaced while the pass went on, or, behind the last leaf,
    /// since it began. What was handed out before stays what `head` says.
    public func next() throws(SystemProblem) -> Leaf? {
        while position == batch.count {
            guard !isAtEnd else { return nil }
            try takeBatch()
        }
        let item = batch[position]
        batch[position].bytes = []
        last = batch[position]
        position += 1
        let leaf = Leaf(
            segment: item.segment.number, path: item.segment.path, frame: item.frame, index: tree.size, bytes: item.bytes, hash: item.hash,
            endsSegment: item.frame.end == item.segment.size)
        tree.append(item.hash)
        return leaf
    }

    /// Passes leaves until the tree has `size` of them, and gives its head; nil when there are not as many.
    public func advance(to size: UInt64) throws(SystemProblem) -> TreeHead? {
        while tree.size < size { guard try next() != nil else { return nil } }
        return tree.size == size ? head : nil
    }

    private func takeBatch() throws(SystemProblem) {
        ahead.group.wait()
        guard let result = ahead.result else {
            isAtEnd = true
            return
        }
        ahead.result = nil
        batch = try result.get()
        position = 0
        if batch.isEmpty {
            isAtEnd = true
            tornEnd = walk.tornEnd
            try moment.checkUnchanged()
        } else {
            prefetch()
        }
    }

    private func prefetch() {
        let walk = self.walk
        let ahead = self.ahead
        DispatchQueue.global().async(group: ahead.group) { ahead.result = walk.batch() }
    }

    private final class Ahead: @unchecked Sendable {
        // INVARIANT: `result` is written by the one job of the group, and touched by the pass only after waiting for it.
        let group = DispatchGroup()
        var result: Result<[JournalWalk.Item], SystemProblem>?
    }
}
