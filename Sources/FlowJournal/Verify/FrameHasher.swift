import Dispatch

/// Hashes the frames of a segment on all cores, window by window, in order.
struct FrameHasher {
    /// Frames of one window: enough for all cores to be busy, few enough that memory stays small.
    static let windowFrames = 1_024
    /// Consecutive frames are read together up to this size, which stays in a core's cache.
    private static let batchBytes: UInt64 = 256 << 10

    struct Hashed {
        var frame: Frame
        var hash: TreeHash
    }

    /// The next window of frames with their leaf hashes; empty at the end of the segment.
    static func window(_ reader: SegmentReader) throws(SystemProblem) -> [Hashed] {
        var frames: [Frame] = []
        frames.reserveCapacity(windowFrames)
        while frames.count < windowFrames, let frame = try reader.next() { frames.append(frame) }
        let hashes = try hash(frames, of: reader.segment)
        return zip(frames, hashes).map { Hashed(frame: $0, hash: $1) }
    }

    private static func hash(_ frames: [Frame], of segment: SegmentFile) throws(SystemProblem) -> [TreeHash] {
        let batches = batches(of: frames)
        let results = Slots<Result<[TreeHash], SystemProblem>>(count: batches.count)
        DispatchQueue.concurrentPerform(iterations: batches.count) { index in
            results.set(index, hash(frames[batches[index]], of: segment))
        }
        var hashes: [TreeHash] = []
        hashes.reserveCapacity(frames.count)
        for result in results.values { hashes.append(contentsOf: try result?.get() ?? []) }
        return hashes
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

    private static func hash(_ frames: ArraySlice<Frame>, of segment: SegmentFile) -> Result<[TreeHash], SystemProblem> {
        guard let first = frames.first, let last = frames.last else { return .success([]) }
        let length = last.end - first.offset
        // A stretch that is no frame, or a foreign member, may be longer than memory should be.
        guard length <= UInt64(FrameHeader.longestMember) else { return long(frames, of: segment) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(length), alignment: 64)
        defer { buffer.deallocate() }
        do throws(SystemProblem) {
            let count = try segment.file.read(into: buffer, at: first.offset)
            return .success(
                frames.map { frame in
                    let start = Int(frame.offset - first.offset)
                    let end = min(start + Int(frame.length), count)
                    return .leaf(UnsafeRawBufferPointer(rebasing: buffer[min(start, end)..<end]))
                })
        } catch {
            return .failure(error)
        }
    }

    private static func long(_ frames: ArraySlice<Frame>, of segment: SegmentFile) -> Result<[TreeHash], SystemProblem> {
        do {
            return .success(try frames.map { try TreeHash.leaf(of: segment.file, from: $0.offset, to: $0.end) })
        } catch let problem as SystemProblem {
            return .failure(problem)
        } catch {
            return .failure(SystemProblem(operation: "read", path: segment.path, code: 5))
        }
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
