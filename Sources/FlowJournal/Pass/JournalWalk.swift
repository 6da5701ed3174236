import Crypto
import Dispatch
import Synchronization

/// Reads the leaves of a journal's segments in batches, and hashes them on all cores: each into its leaf hash, and all of a segment in a row
/// into the segment's digest.
final class JournalWalk: @unchecked Sendable {
    // INVARIANT: one call of `batch()` at a time.

    /// Bytes and leaves of a batch, but for its last leaf: enough for all cores to be busy, few enough that memory stays small.
    private static let batchBytes: UInt64 = 4 << 20
    private static let batchLeaves = 1_024

    struct Item: Sendable {
        let segment: JournalMoment.Segment
        let file: SegmentFile
        let frame: Frame
        /// The frame's bytes; of other stretches, none.
        var bytes: [UInt8]
        var hash = TreeHash.none
        /// SHA-256 of the segment's bytes up to the leaf's end; nil where no digests are taken.
        var digest: SHA256?
    }

    private var remaining: ArraySlice<JournalMoment.Segment>
    private var firstOffset: UInt64
    private var current: (segment: JournalMoment.Segment, reader: SegmentReader)?
    private var pending: ArraySlice<Frame> = []
    private(set) var tornEnd: TornEnd?
    private let takesDigests: Bool
    private var digest: (segment: JournalMoment.Segment, hasher: SHA256)?

    /// - Parameter offset: where in the first segment to begin.
    init(_ segments: [JournalMoment.Segment], offset: UInt64, takesDigests: Bool) {
        remaining = segments[...]
        firstOffset = offset
        self.takesDigests = takesDigests
    }

    /// The next leaves; none behind the last one.
    func batch() -> Result<[Item], SystemProblem> {
        var items: [Item] = []
        var bytes: UInt64 = 0
        do throws(SystemProblem) {
            while bytes < JournalWalk.batchBytes, items.count < JournalWalk.batchLeaves, let item = try next() {
                items.append(item)
                bytes += UInt64(item.bytes.count)
            }
            try hash(&items)
        } catch {
            return .failure(error)
        }
        return .success(items)
    }

    private func next() throws(SystemProblem) -> Item? {
        while true {
            if let (segment, reader) = current {
                if let frame = try frame(of: reader, segment) {
                    let bytes =
                        frame.header == nil ? [] : try reader.bytes.bytes(Int(frame.length), at: frame.offset)
                    return Item(segment: segment, file: reader.segment, frame: frame, bytes: bytes)
                }
                current = nil
            }
            guard let segment = remaining.popFirst() else { return nil }
            let reader = try SegmentReader(segment.open(), from: min(firstOffset, segment.size), limit: segment.size, keeps: true)
            firstOffset = 0
            current = (segment, reader)
        }
    }

    private func frame(of reader: SegmentReader, _ segment: JournalMoment.Segment) throws(SystemProblem) -> Frame? {
        if let frame = pending.popFirst() { return frame }
        guard tornEnd == nil, let frame = try reader.next() else { return nil }
        guard frame.isStretch else { return frame }
        guard remaining.isEmpty else { return frame.withinJournal }
        let (walked, isTorn) = try TornEnd.look(behind: frame, in: reader)
        if isTorn {
            tornEnd = TornEnd(segment: segment.number, path: segment.path, stretches: walked)
            return nil
        }
        pending = walked.dropFirst()[...]
        return frame
    }

    private func hash(_ items: inout [Item]) throws(SystemProblem) {
        let frames = items.indices.filter { !items[$0].bytes.isEmpty }
        let hashes = Slots<TreeHash>(count: frames.count)
        let inOrder = InOrder(items, digest)
        let next = Atomic(0)
        let all = items
        let takesDigests = takesDigests
        DispatchQueue.concurrentPerform(iterations: 1 + min(Processors.count, frames.count)) { iteration in
            if iteration == 0 { inOrder.run(takesDigests: takesDigests) }
            while true {
                let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard place < frames.count else { return }
                hashes.set(place, all[frames[place]].bytes.withBytes { TreeHash.leaf($0) })
            }
        }
        if let problem = inOrder.problem { throw problem }
        items = inOrder.items
        digest = inOrder.digest
        for (place, index) in frames.enumerated() { items[index].hash = hashes[place] ?? .none }
    }
}

/// What is hashed one after the other: the segments' digests, and stretches that are no frames, which are read from their files.
private final class InOrder: @unchecked Sendable {
    // INVARIANT: `run` is called by one thread; the rest is touched before it began and after it ended.
    private(set) var items: [JournalWalk.Item]
    private(set) var digest: (segment: JournalMoment.Segment, hasher: SHA256)?
    private(set) var problem: SystemProblem?

    init(_ items: [JournalWalk.Item], _ digest: (segment: JournalMoment.Segment, hasher: SHA256)?) {
        self.items = items
        self.digest = digest
    }

    func run(takesDigests: Bool) {
        for index in items.indices {
            let item = items[index]
            var hasher = digest?.segment == item.segment ? digest?.hasher ?? SHA256() : SHA256()
            do throws(SystemProblem) {
                if !item.bytes.isEmpty {
                    if takesDigests { item.bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) } }
                } else {
                    items[index].hash = try TreeHash.leaf(of: item.file.file, from: item.frame.offset, to: item.frame.end) { piece in
                        if takesDigests { hasher.update(bufferPointer: piece) }
                    }
                }
            } catch {
                problem = error
                return
            }
            guard takesDigests else { continue }
            digest = (item.segment, hasher)
            items[index].digest = hasher
        }
    }
}

extension Frame {
    /// No frame and no gzip member.
    fileprivate var isStretch: Bool {
        switch form {
        case .torn, .damaged: true
        case .native, .foreign: false
        }
    }

    /// The same with more segments behind it.
    fileprivate var withinJournal: Frame {
        guard case .torn = form else { return self }
        var frame = self
        frame.form = .damaged("the segment ends in the beginning of a frame, and more segments follow")
        return frame
    }
}
