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
        /// The checkpoints that cover the frame are by a key to which a given one handed the journal over, and which was not given: whoever
        /// checks the proof needs it.
        case handedOver(frame: UInt64, to: NoteVerifier)
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
        var successor: NoteVerifier?
        for (range, voices) in try coveringCheckpoints(Int(located.index), leaves.count).reversed() {
            let file = try OpenFile(regular: directory.checkpointsPath)
            var bytes = [UInt8](repeating: 0, count: range.count)
            _ = try bytes.withMutableBytes { buffer throws(SystemProblem) in try file.read(into: buffer, at: UInt64(range.lowerBound)) }
            guard let (checkpoint, note) = CheckpointFile.entry(bytes[...]), checkpoint.head.size <= UInt64(leaves.count) else { continue }
            var signer: NoteVerifier?
            if !keys.isEmpty {
                guard let valid = note.signers(among: voices.known) else { continue }
                var voices = voices
                let answer = voices.hear(checkpoint, note, valid: valid)
                let speakers = [answer.predecessor, answer.signer].compactMap { $0 }.map { voices.known[Int($0)] }
                signer = speakers.first { speaker in keys.contains { $0.verifier == speaker } }
                guard signer != nil else {
                    successor = successor ?? speakers.last
                    continue
                }
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
        if let successor { throw Problem.handedOver(frame: located.index, to: successor) }
        throw Problem.unsealed(frame: located.index)
    }

    /// Where the checkpoints stand that cover a frame and no more frames than there are, each with the keys that spoke for the journal before it.
    private func coveringCheckpoints(_ index: Int, _ count: Int) throws -> [(range: Range<Int>, voices: Voices)] {
        var reader = try CheckpointReader(directory: directory.path)
        var voices = Voices(keys)
        var isFirst = true
        var found: [(range: Range<Int>, voices: Voices)] = []
        while let entry = try reader.next() {
            guard case .checkpoint(let checkpoint, let note) = entry.content else { continue }
            if checkpoint.head.size <= UInt64(count), checkpoint.head.size > UInt64(index) { found.append((entry.range, voices)) }
            // The first says which journal it is; after that only a change of keys changes who speaks.
            guard isFirst || checkpoint.successor != nil else { continue }
            isFirst = false
            if let valid = note.signers(among: voices.known) { _ = voices.hear(checkpoint, note, valid: valid) }
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
