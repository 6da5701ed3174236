/// Makes proofs that frames are in a journal.
public struct JournalProver {
    public enum Target: Hashable, Sendable {
        /// Place in the journal, from 0.
        case frame(UInt64)
        /// The frame that holds the record.
        case sequence(UInt64)
    }

    public enum Problem: Error, Hashable, Sendable {
        case system(SystemProblem)
        /// The journal has no such frame or record.
        case notFound
        /// No checkpoint that fits the frames and, when keys are given, is signed by one of them, covers the frame.
        case unsealed(frame: UInt64)
        /// The frames are not those that a checkpoint covers.
        case tampered(size: UInt64)
    }

    /// A proof with the frame that it is about.
    public struct Proof: Sendable {
        public let proof: TransparencyProof
        public let member: [UInt8]
        public let segment: Int
        public let frame: Frame
        /// The key whose signature was checked; nil when no key was given.
        public let signer: NoteVerifier?
    }

    public let directory: JournalDirectory
    public let keys: [TrustedKey]

    public init(_ directory: JournalDirectory, keys: [TrustedKey]) {
        self.directory = directory
        self.keys = keys
    }

    public func prove(_ target: Target) throws(Problem) -> Proof {
        do {
            let (leaves, located) = try leaves(and: target)
            guard let located else { throw Problem.notFound }
            return try proof(leaves, located)
        } catch let problem as SystemProblem {
            throw .system(problem)
        } catch let problem as Problem {
            throw problem
        } catch {
            throw .notFound
        }
    }

    private func proof(_ leaves: [TreeHash], _ located: JournalPass.Leaf) throws -> Proof {
        for range in try coveringCheckpoints(Int(located.index), leaves.count).reversed() {
            let file = try OpenFile(regular: directory.checkpointsPath)
            var bytes = [UInt8](repeating: 0, count: range.count)
            _ = try bytes.withMutableBytes { buffer throws(SystemProblem) in try file.read(into: buffer, at: UInt64(range.lowerBound)) }
            guard let (checkpoint, note) = CheckpointFile.entry(bytes[...]), checkpoint.head.size <= UInt64(leaves.count) else { continue }
            var signer: NoteVerifier?
            if !keys.isEmpty {
                let speaking = keys.filter { $0.speaks(for: checkpoint.origin) }.map(\.verifier)
                guard case .valid(let key) = note.check(speaking) else { continue }
                signer = key
            }
            let covered = Array(leaves[..<Int(checkpoint.head.size)])
            guard MerklePaths.root(covered[...]) == checkpoint.head.root else { throw Problem.tampered(size: checkpoint.head.size) }
            let place = "\(SegmentName.name(of: located.segment)) \(located.frame.offset) \(located.frame.length)"
            guard let inclusion = MerklePaths.inclusion(of: Int(located.index), in: covered),
                // The bytes that are handed out, not only those that were hashed on the way.
                inclusion.proves(located.bytes.withBytes({ TreeHash.leaf($0) }), in: checkpoint.head),
                let proof = TransparencyProof(extra: Array(place.utf8), inclusion: inclusion, note: note)
            else { throw Problem.notFound }
            return Proof(
                proof: proof, member: located.bytes, segment: located.segment, frame: located.frame, signer: signer)
        }
        throw Problem.unsealed(frame: located.index)
    }

    /// Where the checkpoints stand that cover a frame and no more frames than there are.
    private func coveringCheckpoints(_ index: Int, _ count: Int) throws -> [Range<Int>] {
        var reader = try CheckpointReader(directory: directory.path)
        var found: [Range<Int>] = []
        while let entry = try reader.next() {
            guard case .checkpoint(let checkpoint, _) = entry.content, checkpoint.head.size <= UInt64(count),
                checkpoint.head.size > UInt64(index)
            else { continue }
            found.append(entry.range)
        }
        return found
    }

    private func leaves(and target: Target) throws -> ([TreeHash], JournalPass.Leaf?) {
        var leaves: [TreeHash] = []
        var located: JournalPass.Leaf?
        let pass = JournalPass(try JournalMoment(directory), takesDigests: false)
        while let leaf = try pass.next() {
            if leaf.frame.header != nil, matches(leaf.frame, leaves.count, target) { located = leaf }
            leaves.append(leaf.hash)
        }
        return (leaves, located)
    }

    private func matches(_ frame: Frame, _ index: Int, _ target: Target) -> Bool {
        switch target {
        case .frame(let wanted): wanted == UInt64(index)
        case .sequence(let sequence): frame.header.map { ($0.firstSequence...$0.lastSequence).contains(sequence) } ?? false
        }
    }
}
