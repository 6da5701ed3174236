import FlowModel

/// What a writer finds when it opens a journal: where to go on, and what an interrupted writer left.
///
/// Frames after the last trusted state are read and checked. A tail that is no whole frame is moved to `torn/`; anything else that
/// should not be there is refused, because a writer must not sign over bytes that it did not write.
struct JournalOpening {
    struct Recovered: Equatable {
        var file: String
        var offset: UInt64
        var bytes: UInt64
        var movedTo: String
    }

    var state = TreeState(tree: MerkleTree(), nextSequence: 1, segment: 1, offset: 0)
    var sealed: TreeHead?
    var checkpointsSize: UInt64 = 0
    var segmentStart: Timestamp?
    var origin: String?
    var recovered: [Recovered] = []

    private let directory: JournalDirectory

    private let cutsDamage: Bool

    init(_ directory: JournalDirectory, cutsDamage: Bool) throws(JournalProblem) {
        self.directory = directory
        self.cutsDamage = cutsDamage
        do {
            let checkpoints = try readCheckpoints()
            let segments = try directory.segments()
            for (index, number) in segments.enumerated() where number != index + 1 {
                throw JournalProblem.tampered(
                    path: directory.path, reason: "segment \(index + 1) is missing; `twin-journal verify` says more")
            }
            origin = try readOrigin(segments)
            try walk(segments, checkpoints)
            sealed = checkpoints.last
        } catch let problem as SystemProblem {
            throw .system(problem)
        } catch let problem as JournalProblem {
            throw problem
        } catch {
            throw .mismatch("\(error)")
        }
    }

    /// The heads of all checkpoints, in order.
    private mutating func readCheckpoints() throws -> [TreeHead] {
        var reader = try CheckpointReader(directory: directory.path)
        var heads: [TreeHead] = []
        while let entry = try reader.next() {
            switch entry.content {
            case .checkpoint(let checkpoint, _):
                guard checkpoint.head.size > (heads.last?.size ?? 0) else {
                    throw JournalProblem.tampered(
                        path: directory.checkpointsPath,
                        reason: "the checkpoint at byte \(entry.range.lowerBound) does not follow the one before it")
                }
                heads.append(checkpoint.head)
                checkpointsSize = UInt64(entry.range.upperBound)
            case .malformed:
                throw JournalProblem.tampered(
                    path: directory.checkpointsPath,
                    reason: "bytes \(entry.range.lowerBound)..<\(entry.range.upperBound) are no checkpoint")
            case .torn:
                try moveAside(
                    CheckpointFile.name, directory.checkpointsPath, from: UInt64(entry.range.lowerBound),
                    to: UInt64(entry.range.upperBound))
            }
        }
        return heads
    }

    /// The origin that the journal's first record names.
    private func readOrigin(_ segments: [Int]) throws -> String? {
        guard segments.first == 1 else { return nil }
        let reader = try SegmentReader(path: directory.segmentPath(1))
        guard let frame = try reader.next(), frame.header != nil else { return nil }
        return try OwnRecords.read(frame, of: reader.segment, with: FrameInflater()).compactMap(\.openedOrigin).first
    }

    private mutating func walk(_ segments: [Int], _ checkpoints: [TreeHead]) throws {
        let last = checkpoints.last
        if let saved = TreeState.read(in: directory.path), saved.tree.size <= last?.size ?? .max,
            saved.tree.size != last?.size || saved.tree.head == last, try isPlace(saved, segments)
        {
            state = saved
            do {
                return try walkOn(segments, checkpoints)
            } catch is JournalProblem {
                // The state may be at fault rather than the journal: from the beginning, once.
                state = TreeState(tree: MerkleTree(), nextSequence: 1, segment: 1, offset: 0)
            }
        }
        try walkOn(segments, checkpoints)
    }

    /// Whether a frame ends where the state says that the next one begins, with the sequence before the one it says: checkpoints vouch
    /// for the tree, not for these.
    private func isPlace(_ saved: TreeState, _ segments: [Int]) throws -> Bool {
        guard segments.contains(saved.segment) else { return false }
        let reader = try SegmentReader(path: directory.segmentPath(saved.segment))
        while let frame = try reader.next() {
            guard frame.end < saved.offset else { return frame.end == saved.offset && frame.header?.nextSequence == saved.nextSequence }
        }
        return false
    }

    private mutating func walkOn(_ segments: [Int], _ checkpoints: [TreeHead]) throws {
        var heads = checkpoints.filter { $0.size >= max(1, state.tree.size) }[...]
        try check(&heads)
        let inflater = FrameInflater()
        var number = state.segment
        while number <= segments.count {
            let path = directory.segmentPath(number)
            let segment = try SegmentFile(path: path)
            let isLast = number == segments.count
            if number > state.segment {
                state.segment = number
                state.offset = 0
            }
            let reader = try SegmentReader(segment, from: state.offset)
            var tornFrom: UInt64?
            while let frame = try reader.next() {
                if tornFrom == nil, try isGood(frame, segment, inflater), let header = frame.header {
                    let member = try segment.member(of: frame)
                    state.tree.append(member.withUnsafeBytes { TreeHash.leaf($0) })
                    state.nextSequence = header.nextSequence
                    state.offset = frame.end
                    try check(&heads)
                    continue
                }
                guard isLast, cutsDamage || (tornFrom == nil && frame.form != .foreign) else {
                    throw JournalProblem.tampered(
                        path: path,
                        reason:
                            "damaged at byte \(tornFrom ?? frame.offset); `twin-journal verify` says more, `twin-journal repair` cuts it off"
                    )
                }
                tornFrom = tornFrom ?? frame.offset
            }
            if let tornFrom {
                guard heads.isEmpty else { break }
                try moveAside(SegmentName.name(of: number), path, from: tornFrom, to: reader.offset)
            }
            segmentStart = try firstTimestamp(segment)
            number += 1
        }
        if let missing = heads.first {
            throw JournalProblem.tampered(
                path: directory.path,
                reason:
                    "a checkpoint covers \(missing.size) frames and there are \(state.tree.size); `twin-journal verify` says more")
        }
    }

    /// Holds the tree against the checkpoint of its size.
    private func check(_ heads: inout ArraySlice<TreeHead>) throws {
        guard let head = heads.first, head.size == state.tree.size else { return }
        guard head == state.tree.head else {
            throw JournalProblem.tampered(
                path: directory.path,
                reason: "the first \(head.size) frames are not those that a checkpoint covers; `twin-journal verify` says more")
        }
        heads.removeFirst()
    }

    private func isGood(_ frame: Frame, _ segment: SegmentFile, _ inflater: FrameInflater) throws -> Bool {
        guard let header = frame.header, header.firstSequence == state.nextSequence else { return false }
        var lines = [UInt8](repeating: 0, count: Int(header.inflatedLength))
        do {
            return try lines.withUnsafeMutableBytes { buffer in
                let count = try segment.inflate(frame, with: inflater, into: buffer)
                return FrameContents.check(UnsafeRawBufferPointer(rebasing: buffer[..<count]), against: header) == nil
            }
        } catch let problem as FrameProblem {
            if case .system(let problem) = problem { throw problem }
            return false
        }
    }

    private func firstTimestamp(_ segment: SegmentFile) throws -> Timestamp? {
        guard let header = try SegmentReader(segment).next()?.header else { return nil }
        return header.firstTimestamp == .distantPast ? nil : header.firstTimestamp
    }

    /// Copies the bytes to `torn/`, makes the copy durable, and cuts them off.
    private mutating func moveAside(_ name: String, _ path: String, from start: UInt64, to end: UInt64) throws {
        try FileSystem.makeDirectory(directory.tornPath)
        let target = "\(name).\(start)-\(end)"
        let source = try OpenFile(path, .read)
        let copy = try OpenFile(directory.tornPath + "/" + target, .overwrite)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var position = start
        while position < end {
            let wanted = min(buffer.count, Int(clamping: end - position))
            let count = try buffer.withUnsafeMutableBytes { bytes in
                try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]), at: position)
            }
            guard count > 0 else { break }
            try copy.writeAll(Array(buffer[..<count]))
            position += UInt64(count)
        }
        try copy.sync()
        try FileSystem.syncDirectory(directory.tornPath)
        let writable = try OpenFile(path, .append)
        try writable.truncate(to: start)
        try writable.sync()
        recovered.append(Recovered(file: name, offset: start, bytes: end - start, movedTo: "torn/" + target))
    }
}
