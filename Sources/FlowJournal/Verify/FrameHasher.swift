import Dispatch
import Synchronization

/// Hashes the frames of a segment on all cores, window by window, in order, while the headers of the next window are already being walked.
final class FrameHasher {
    /// Frames of one window: enough for all cores to be busy, few enough that memory stays small.
    static let windowFrames = 1_024
    /// Consecutive frames are read together up to this size, which stays in a core's cache.
    private static let batchBytes: UInt64 = 256 << 10

    struct Hashed {
        var frame: Frame
        var hash: TreeHash
    }

    private let reader: SegmentReader
    /// The frames of the next window, or what stood in the way of walking them.
    private var ahead: Result<[Frame], SystemProblem>?

    init(_ reader: SegmentReader) {
        self.reader = reader
    }

    /// The next window of frames with their leaf hashes; empty at the end of the segment.
    func window() throws(SystemProblem) -> [Hashed] {
        let frames = try (ahead ?? walk()).get()
        ahead = nil
        guard !frames.isEmpty else { return [] }
        let work = HashingWork(frames, FrameHasher.batches(of: frames), reader.segment)
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) { work.run() }
        ahead = walk()
        group.wait()
        let hashes = try work.hashes()
        return zip(frames, hashes).map { Hashed(frame: $0, hash: $1) }
    }

    private func walk() -> Result<[Frame], SystemProblem> {
        var frames: [Frame] = []
        frames.reserveCapacity(FrameHasher.windowFrames)
        do throws(SystemProblem) {
            while frames.count < FrameHasher.windowFrames, let frame = try reader.next() { frames.append(frame) }
            return .success(frames)
        } catch {
            return .failure(error)
        }
    }

    /// Runs of frames that are read in one piece.
    private static func batches(of frames: [Frame]) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var start = 0
        for index in frames.indices {
            if index > start, frames[index].end - frames[start].offset > batchBytes {
                batches.append(start..<index)
                start = index
            }
        }
        if start < frames.count { batches.append(start..<frames.count) }
        return batches
    }
}

/// The frames of one window, hashed batch by batch by as many workers as there are cores.
private final class HashingWork: @unchecked Sendable {
    // INVARIANT: only `results` changes, each place of it by one worker; it is read after `run` has ended.
    private let frames: [Frame]
    private let batches: [Range<Int>]
    private let segment: SegmentFile
    private let results: Slots<Result<[TreeHash], SystemProblem>>

    init(_ frames: [Frame], _ batches: [Range<Int>], _ segment: SegmentFile) {
        self.frames = frames
        self.batches = batches
        self.segment = segment
        results = Slots(count: batches.count)
    }

    func run() {
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(Processors.count, batches.count)) { _ in
            // Used for one batch after the other: fresh memory costs the kernel more than the hash costs us.
            var buffer: [UInt8] = []
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < batches.count else { return }
                results.set(index, hash(frames[batches[index]], &buffer))
            }
        }
    }

    func hashes() throws(SystemProblem) -> [TreeHash] {
        var hashes: [TreeHash] = []
        hashes.reserveCapacity(frames.count)
        for result in results.values { hashes.append(contentsOf: try result?.get() ?? []) }
        return hashes
    }

    private func hash(_ frames: ArraySlice<Frame>, _ buffer: inout [UInt8]) -> Result<[TreeHash], SystemProblem> {
        guard let first = frames.first, let last = frames.last else { return .success([]) }
        let length = last.end - first.offset
        do throws(SystemProblem) {
            // A stretch that is no frame, or a foreign member, may be longer than memory should be.
            guard length <= UInt64(FrameHeader.longestMember) else { return .success(try long(frames)) }
            return .success(
                try buffer.withMutableBytes(count: Int(length)) { bytes throws(SystemProblem) in
                    let count = try segment.file.read(into: bytes, at: first.offset)
                    return frames.map { frame in
                        let start = Int(frame.offset - first.offset)
                        let end = min(start + Int(frame.length), count)
                        return TreeHash.leaf(UnsafeRawBufferPointer(rebasing: bytes[min(start, end)..<end]))
                    }
                })
        } catch {
            return .failure(error)
        }
    }

    private func long(_ frames: ArraySlice<Frame>) throws(SystemProblem) -> [TreeHash] {
        var hashes: [TreeHash] = []
        for frame in frames { hashes.append(try TreeHash.leaf(of: segment.file, from: frame.offset, to: frame.end)) }
        return hashes
    }
}

/// Places for results that are made on several threads, each place by one.
final class Slots<Value: Sendable>: @unchecked Sendable {
    // INVARIANT: each index is set by one iteration only, and read after all have ended.
    private let storage: UnsafeMutableBufferPointer<Value?>

    init(count: Int) {
        storage = .allocate(capacity: count)
        storage.initialize(repeating: nil)
    }

    deinit {
        storage.deinitialize()
        storage.deallocate()
    }

    func set(_ index: Int, _ value: Value) { storage[index] = value }

    subscript(index: Int) -> Value? { storage[index] }

    var values: [Value?] { Array(storage) }
}
