import Dispatch
import Synchronization

/// Inflates the frames of a journal on all cores and hands them over in order, while the next ones are already being inflated.
public enum FrameDecoding {
    /// What a window's frames inflate to, together: memory is two windows.
    static let windowBytes = 8 << 20
    /// Frames of one window: enough for all cores to be busy, few enough that memory stays small.
    static let windowFrames = 1_024

    /// Calls `body` for every frame that `reader` gives, in order, with its lines: for a native frame all of them, checked against its
    /// checksum; for foreign, torn and damaged stretches none. The bytes are valid during the call. When `body` gives false, the walk ends.
    public static func forEach(
        _ reader: JournalReader,
        _ body: (JournalReader.Located, Result<UnsafeRawBufferPointer, FrameProblem>) throws -> Bool
    ) throws {
        var current = DecodingWindow()
        var next = DecodingWindow()
        try current.fill(reader)
        current.decode()
        while !current.frames.isEmpty {
            try next.fill(reader)
            let group = DispatchGroup()
            let ahead = next
            DispatchQueue.global().async(group: group) { ahead.decode() }
            // Also when `body` throws: the window must not go away under its workers.
            defer { group.wait() }
            for index in current.frames.indices {
                guard try body(current.frames[index], current.lines(index)) else { return }
            }
            group.wait()
            swap(&current, &next)
        }
    }
}

/// Some consecutive frames and the memory that they are inflated into.
private final class DecodingWindow: @unchecked Sendable {
    // INVARIANT: `fill` and `lines` are called by one thread, `decode` between them; its workers touch disjoint parts.
    private(set) var frames: [JournalReader.Located] = []
    private var starts: [Int] = []
    private var problems = Slots<FrameProblem>(count: 0)
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: FrameDecoding.windowBytes + FrameHeader.maxInflatedLength, alignment: 64)
    private let inflaters: [FrameInflater] = (0..<max(1, Processors.count)).map { _ in FrameInflater() }

    deinit {
        buffer.deallocate()
    }

    func fill(_ reader: JournalReader) throws(SystemProblem) {
        frames.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        var used = 0
        while used < FrameDecoding.windowBytes, frames.count < FrameDecoding.windowFrames, let located = try reader.next() {
            frames.append(located)
            starts.append(used)
            used += located.frame.header.map { Int($0.inflatedLength) } ?? 0
        }
        problems = Slots(count: frames.count)
    }

    func decode() {
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(inflaters.count, frames.count)) { worker in
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < frames.count else { return }
                decode(index, inflaters[worker])
            }
        }
    }

    private func decode(_ index: Int, _ inflater: FrameInflater) {
        let located = frames[index]
        guard let header = located.frame.header else { return }
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[starts[index]..<starts[index] + Int(header.inflatedLength)])
        do throws(FrameProblem) {
            _ = try located.segment.inflate(located.frame, with: inflater, into: room)
        } catch {
            problems.set(index, error)
        }
    }

    func lines(_ index: Int) -> Result<UnsafeRawBufferPointer, FrameProblem> {
        if let problem = problems[index] { return .failure(problem) }
        switch frames[index].frame.form {
        case .native(let header):
            return .success(UnsafeRawBufferPointer(rebasing: buffer[starts[index]..<starts[index] + Int(header.inflatedLength)]))
        case .foreign: return .failure(.foreign)
        case .torn: return .failure(.truncated)
        case .damaged(let reason): return .failure(.corrupt(reason))
        }
    }
}
