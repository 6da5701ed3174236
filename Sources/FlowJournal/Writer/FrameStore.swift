import FlowModel

/// The files of a journal that is being written: appends frames, rolls segments, keeps the tree, signs checkpoints.
///
/// A call that throws leaves the files as they were before it, or says that it could not (`isBroken`).
final class FrameStore {
    let directory: JournalDirectory
    private let options: JournalOptions
    private let origin: String

    private(set) var tree: MerkleTree
    private(set) var nextSequence: UInt64
    private(set) var segment: Int
    /// Bytes of the current segment that are whole frames.
    private(set) var offset: UInt64
    private var segmentStart: Timestamp?
    private var file: OpenFile?
    private var checkpoints: OpenFile?
    private var checkpointsSize: UInt64
    /// The tree when it was last sealed.
    private(set) var sealed: TreeHead?
    private var sealedAt: Timestamp
    private var hasHandedOver = false
    /// Bytes have been written since the last sync.
    private var isDirty = false
    /// A write failed and its remains could not be cut off, or a sync failed.
    private(set) var isBroken: SystemProblem?

    init(
        directory: JournalDirectory, options: JournalOptions, origin: String, state: TreeState, sealed: TreeHead?,
        checkpointsSize: UInt64, segmentStart: Timestamp?, now: Timestamp
    ) {
        self.directory = directory
        self.options = options
        self.origin = origin
        self.sealed = sealed
        self.checkpointsSize = checkpointsSize
        self.segmentStart = segmentStart
        tree = state.tree
        nextSequence = state.nextSequence
        segment = state.segment
        offset = state.offset
        sealedAt = now
    }

    /// Appends a frame, in a new segment when the current one is full or old; `syncSegment` makes it durable. Gives the head that was
    /// sealed on the way, if one was.
    func append(
        _ member: [UInt8], _ header: FrameHeader, now: Timestamp, mayRoll: Bool = true
    ) throws(SystemProblem) -> TreeHead? {
        if let isBroken { throw isBroken }
        var sealedHead: TreeHead?
        if mayRoll, shouldRoll(adding: member.count, now: now) {
            sealedHead = try seal(now: now)
            try roll()
        }
        let file = try openSegment()
        do throws(SystemProblem) {
            try file.writeAll(member)
        } catch {
            try restore(file, to: offset)
            throw error
        }
        isDirty = true
        tree.append(member.withUnsafeBytes { TreeHash.leaf($0) })
        nextSequence = header.nextSequence
        offset += UInt64(member.count)
        if segmentStart == nil { segmentStart = now }
        return sealedHead
    }

    /// Whether the oldest frame without a checkpoint is old enough for one.
    func isSealDue(now: Timestamp) -> Bool {
        tree.size > (sealed?.size ?? 0)
            && (now.milliseconds < sealedAt.milliseconds
                || now.milliseconds - sealedAt.milliseconds >= options.checkpointIntervalMs)
    }

    /// Signs a checkpoint over all frames, when there are new ones, and writes the tree's state. Gives the head when one was signed.
    func seal(now: Timestamp) throws(SystemProblem) -> TreeHead? {
        if let isBroken { throw isBroken }
        guard tree.size > (sealed?.size ?? 0) else { return nil }
        // A checkpoint is signed only over bytes that are durable.
        try syncSegment()
        let head = tree.head
        var signed: TreeHead?
        if let note = note(over: head) {
            try appendCheckpoint(CheckpointFile.encode(note))
            signed = head
            hasHandedOver = true
        }
        sealed = head
        sealedAt = now
        // The state is a cache: a journal without it is only slower to open.
        try? TreeState(tree: tree, nextSequence: nextSequence, segment: segment, offset: offset).write(in: directory.path)
        return signed
    }

    /// The first checkpoint of a run with a new key is signed by the one before it as well, and names the new one.
    private func note(over head: TreeHead) -> SignedNote? {
        guard let key = options.key else { return nil }
        var checkpoint = Checkpoint(origin: origin, head: head)
        guard let previous = options.previousKey, !hasHandedOver else { return SignedNote(text: checkpoint.text, signer: key) }
        checkpoint.successor = key.verifier
        return SignedNote(text: checkpoint.text, signer: previous)?.signed(by: key)
    }

    func syncSegment() throws(SystemProblem) {
        guard isDirty, let file else { return }
        do throws(SystemProblem) {
            try file.sync()
        } catch {
            breakOff(error)
            throw error
        }
        isDirty = false
    }

    /// After a failed sync nobody knows which pages are on disk, so nothing more may be acknowledged.
    func breakOff(_ problem: SystemProblem) {
        isBroken = problem
    }

    private func appendCheckpoint(_ bytes: [UInt8]) throws(SystemProblem) {
        let file: OpenFile
        if let checkpoints {
            file = checkpoints
        } else {
            let isNew = try FileSystem.status(directory.checkpointsPath) == nil
            file = try OpenFile(directory.checkpointsPath, .append)
            if isNew { try FileSystem.syncDirectory(directory.path) }
            checkpoints = file
        }
        do throws(SystemProblem) {
            try file.writeAll(bytes)
            try file.sync()
        } catch {
            try restore(file, to: checkpointsSize)
            throw error
        }
        checkpointsSize += UInt64(bytes.count)
    }

    private func shouldRoll(adding count: Int, now: Timestamp) -> Bool {
        guard offset > 0 else { return false }
        if offset + UInt64(count) > options.segmentBytes { return true }
        guard let segmentStart else { return false }
        return now.milliseconds >= segmentStart.milliseconds && now.milliseconds - segmentStart.milliseconds >= options.segmentAgeMs
    }

    private func roll() throws(SystemProblem) {
        if options.sync != .none { try syncSegment() }
        let next = try FrameStore.create(directory, segment: segment + 1)
        file = next
        isDirty = false
        segment += 1
        offset = 0
        segmentStart = nil
    }

    private func openSegment() throws(SystemProblem) -> OpenFile {
        if let file { return file }
        let path = directory.segmentPath(segment)
        let opened =
            try FileSystem.status(path) == nil ? FrameStore.create(directory, segment: segment) : OpenFile(path, .append)
        file = opened
        return opened
    }

    private static func create(_ directory: JournalDirectory, segment: Int) throws(SystemProblem) -> OpenFile {
        let path = directory.segmentPath(segment)
        let file = try OpenFile(path, .createNew)
        do throws(SystemProblem) {
            try file.sync()
            try FileSystem.syncDirectory(directory.path)
        } catch {
            // Or the next attempt would find it there, and fail for that.
            try? FileSystem.remove(path)
            throw error
        }
        return file
    }

    /// Cuts off what a failed write left.
    private func restore(_ file: OpenFile, to size: UInt64) throws(SystemProblem) {
        do throws(SystemProblem) {
            try file.truncate(to: size)
        } catch {
            isBroken = error
            throw error
        }
    }
}
