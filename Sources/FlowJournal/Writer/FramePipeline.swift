import Dispatch
import FlowModel

/// Compresses frames on all cores and writes them in order, beside the thread that fills them.
///
/// Frames that are ready together are made durable by one sync, so a slow disk costs time to the first acknowledgement, not throughput.
/// A frame that cannot be written waits, and with it all after it; `retry()` tries again. Without `isConcurrent` everything happens
/// in the call.
final class FramePipeline: @unchecked Sendable {
    // INVARIANT: `store`, `waiting` and `unsynced` are touched only on `commits`, or by the caller when there are no queues.

    /// Frames between the caller and the disk: enough to keep two cores busy through a sync, few enough to keep memory at some MiB.
    private static let depth = 8

    struct Status {
        /// The last sequence that is acknowledged.
        var durableSequence: UInt64
        /// What stands in the way of writing frames; nil when nothing does.
        var trouble: SystemProblem?
        /// What stood in the way of the last checkpoint.
        var sealTrouble: SystemProblem?
        /// Nothing can be written any more.
        var broken: SystemProblem?
        /// Heads that were sealed and are not journaled yet, in order.
        var unrecordedSeals: [TreeHead] = []
        /// Frames that were handed over and are not written yet.
        var inFlight = 0
        var hasUnsealed = false
    }

    private let status: Guarded<Status>
    private let store: FrameStore
    private let options: JournalOptions
    private var waiting: [FrameJob] = []
    private var unsynced = 0
    private let idle = Guarded<[FrameJob]>([])
    private let slots = DispatchSemaphore(value: depth)
    private let compressions: DispatchQueue?
    private let commits: DispatchQueue?

    init(_ store: FrameStore, options: JournalOptions) {
        self.store = store
        self.options = options
        status = Guarded(Status(durableSequence: store.nextSequence - 1))
        compressions = options.isConcurrent ? DispatchQueue(label: "journal.compress", attributes: .concurrent) : nil
        commits = options.isConcurrent ? DispatchQueue(label: "journal.commit") : nil
    }

    var current: Status { status.withLock { $0 } }

    /// The heads that were sealed since the last call.
    func takeSeals() -> [TreeHead] {
        status.withLock { status in
            defer { status.unrecordedSeals = [] }
            return status.unrecordedSeals
        }
    }

    /// Takes the lines of a frame, leaving an empty buffer in their place, and sees to their being written.
    func submit(_ payload: inout [UInt8], _ content: FrameEncoder.Content, now: Timestamp, mayRoll: Bool) {
        if commits != nil { slots.wait() }
        let job = idle.withLock { $0.popLast() } ?? FrameJob(level: options.level)
        swap(&job.payload, &payload)
        payload.removeAll(keepingCapacity: true)
        job.content = content
        job.now = now
        job.mayRoll = mayRoll
        status.withLock { $0.inFlight += 1 }
        guard let compressions, let commits else {
            job.encode()
            commit(job)
            return
        }
        compressions.async {
            job.encode()
            job.isEncoded.signal()
        }
        commits.async {
            job.isEncoded.wait()
            self.commit(job)
            self.slots.signal()
        }
    }

    /// Waits until everything that was submitted is durable, or until that has failed.
    func drain(syncing: Bool = true) {
        onCommits {
            self.writeWaiting()
            if syncing { self.sync() }
        }
    }

    /// Signs a checkpoint when one is due; does not wait for it.
    func sealIfDue(now: Timestamp) {
        guard current.hasUnsealed else { return }
        guard let commits else { return sealWhenDue(now) }
        commits.async { self.sealWhenDue(now) }
    }

    /// Signs a checkpoint over everything, and waits for it.
    func seal(now: Timestamp) throws(SystemProblem) {
        drain()
        onCommits { self.seal(now) }
        let status = current
        if let problem = status.broken ?? status.trouble ?? status.sealTrouble { throw problem }
    }

    /// Gives up frames that cannot be written; their number of records, and the sequence that is free again.
    func abandonWaiting() -> (records: UInt64, nextSequence: UInt64) {
        var abandoned: UInt64 = 0
        onCommits {
            abandoned = self.waiting.reduce(0) { $0 + UInt64($1.content.recordCount) }
            let count = self.waiting.count
            for job in self.waiting { self.release(job) }
            self.waiting.removeAll()
            self.status.withLock { status in
                status.trouble = nil
                status.inFlight -= count
            }
        }
        return (abandoned, store.nextSequence)
    }

    private func onCommits(_ body: () -> Void) {
        if let commits { commits.sync(execute: body) } else { body() }
    }

    // MARK: On the queue of commits

    private func commit(_ job: FrameJob) {
        // A job that was written may be filled again already.
        let now = job.now
        waiting.append(job)
        writeWaiting()
        // When more frames are on their way, they share a sync.
        if status.withLock({ $0.inFlight }) == waiting.count || unsynced >= FramePipeline.depth { sync() }
        sealWhenDue(now)
    }

    private func writeWaiting() {
        while let job = waiting.first, store.isBroken == nil {
            do throws(SystemProblem) {
                guard let header = job.header else {
                    throw SystemProblem(operation: "compress a frame for", path: store.directory.path, code: SystemProblem.noMemory)
                }
                let seal = try store.append(job.member, header, now: job.now, mayRoll: job.mayRoll)
                waiting.removeFirst()
                unsynced += 1
                status.withLock { status in
                    if let seal { status.unrecordedSeals.append(seal) }
                    status.trouble = nil
                    status.inFlight -= 1
                    status.hasUnsealed = true
                    if options.sync != .frame { status.durableSequence = header.lastSequence }
                }
                release(job)
            } catch {
                fail(error)
                return
            }
        }
    }

    private func sync() {
        guard options.sync == .frame, unsynced > 0, store.isBroken == nil else { return }
        do throws(SystemProblem) {
            try store.syncSegment()
            unsynced = 0
            let durable = store.nextSequence - 1
            status.withLock { $0.durableSequence = durable }
        } catch {
            store.breakOff(error)
            fail(error)
        }
    }

    private func sealWhenDue(_ now: Timestamp) {
        if store.isSealDue(now: now) { seal(now) }
    }

    private func seal(_ now: Timestamp) {
        guard store.isBroken == nil else { return }
        do throws(SystemProblem) {
            let head = try store.seal(now: now)
            status.withLock { status in
                if let head { status.unrecordedSeals.append(head) }
                status.sealTrouble = nil
                status.hasUnsealed = false
            }
        } catch {
            status.withLock { status in
                status.sealTrouble = error
                status.broken = store.isBroken
            }
        }
    }

    private func fail(_ problem: SystemProblem) {
        let broken = store.isBroken
        status.withLock { status in
            status.trouble = problem
            status.broken = broken
        }
    }

    private func release(_ job: FrameJob) {
        idle.withLock { $0.append(job) }
    }
}

/// One frame on its way, with the memory that is used again for the next.
private final class FrameJob: @unchecked Sendable {
    // INVARIANT: filled by the submitter, then encoded by one thread, then written by one thread; `isEncoded` and the queues order them.
    var payload: [UInt8] = []
    var content = FrameEncoder.Content()
    var now = Timestamp.distantPast
    var mayRoll = true
    var member: [UInt8] = []
    var header: FrameHeader?
    let isEncoded = DispatchSemaphore(value: 0)
    private let encoder: FrameEncoder

    init(level: Int) {
        encoder = FrameEncoder(level: level)
    }

    func encode() {
        header = payload.withUnsafeBytes { encoder.encode($0, content, into: &member) }
    }
}
