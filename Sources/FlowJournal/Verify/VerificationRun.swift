import FlowModel

/// The state of one verification.
struct VerificationRun {
    let verifier: JournalVerifier
    var report = VerificationReport()
    var tree = MerkleTree()
    let soundness = FrameSoundness()

    /// Checkpoints that are well-formed and follow each other, so their sizes rise.
    var seals: [Seal] = []
    var lastSealSize: UInt64 = 0
    /// The first of `seals` that the tree has not come to.
    var nextSeal = 0
    var pendingRemembered: [TreeHead]
    /// Where the checkpoints end that are judged, and what was signed after them.
    var checkpointsEnd = 0
    var tornCheckpoint: Range<Int>?
    var later: CheckpointReader?
    var voices: Voices
    var stateSize: UInt64 = 0
    var closings: [Closing] = []
    /// A leaf was not as it should be.
    var isSpoiled = false

    /// Where a writer goes on.
    struct Ending {
        var state = TreeState(tree: MerkleTree(), nextSequence: 1, segment: 1, offset: 0)
        /// When the segment's first frame was begun, by its records.
        var segmentStart: Timestamp?
        /// Bytes of the segment; what lies behind the state's offset is no whole frame.
        var segmentEnd: UInt64 = 0
    }

    var ending = Ending()
    /// Where the last segment began to be damaged, when nothing before it was and no checkpoint is over what follows.
    var soundEnding: Ending?

    /// A `journal_closed` that ends its frame.
    struct Closing {
        var index: UInt64
        var sequence: UInt64
        var signs: Bool
    }

    /// Sequence that the next frame must begin with; nil after a stretch whose records are not known.
    var expected: UInt64? = 1
    var lastSequence: UInt64 = 0
    /// The end of the largest tree that a checkpoint was found to fit.
    var proved = Place(segment: 1, offset: 0, index: 0, sequence: 0)
    var place = Place(segment: 1, offset: 0, index: 0, sequence: 0)
    var mismatch: Mismatch?
    var runs: [Run] = []
    var namedCheckpoints: [(head: TreeHead, sequence: UInt64, index: UInt64)] = []
    var lastRecordKind: (kind: JournalRecordKind, sequence: UInt64)?

    /// There may be a million of these, so they hold little.
    struct Seal {
        var head: TreeHead
        /// Consecutive checkpoints of one origin share its storage.
        var origin: String
        /// Place of the signer among the known keys.
        var signer: Int32?
        /// At a change of keys, that of the one before.
        var predecessor: Int32?
        var fits: Bool?
        var range: Range<Int>
    }

    struct Place {
        var segment: Int
        var offset: UInt64
        /// Frames before.
        var index: UInt64
        /// Last sequence before.
        var sequence: UInt64
    }

    struct Mismatch {
        var size: UInt64
        var from: Place
        var to: Place
        var further = 0
    }

    /// From one `journal_opened` to the next.
    struct Run {
        var start: UInt64
        var firstSequence: UInt64
        var keyID: String?
    }

    init(_ verifier: JournalVerifier) {
        self.verifier = verifier
        pendingRemembered = verifier.remembered.sorted { $0.size < $1.size }
        voices = Voices(verifier.keys)
    }

    /// The last checkpoint's head.
    var lastSeal: TreeHead? { seals.last?.head }
    /// The id of the key that the last run was written with.
    var lastKeyID: String? { runs.last?.keyID }

    mutating func run() throws(SystemProblem) -> VerificationReport {
        // What a writer says of its frames is read before the frames, so that it cannot be of more than are looked at.
        let state = TreeState.read(in: verifier.directory.path)
        stateSize = state?.tree.size ?? 0
        try readCheckpoints()
        let moment = try JournalMoment(verifier.directory)
        // Frames may name checkpoints that were signed since.
        later = try CheckpointReader(directory: verifier.directory.path, from: checkpointsEnd)
        for missing in moment.missing {
            let numbers = missing.count == 1 ? "segment \(missing.lowerBound)" : "segments \(missing.lowerBound) to \(missing.upperBound)"
            report.add(
                VerificationFinding(
                    .segmentMissing, "\(numbers) of \(moment.segments.last?.number ?? 0) is not there",
                    file: SegmentName.name(of: missing.lowerBound)))
        }
        rememberedAt(size: 0)
        let pass = JournalPass(moment, takesDigests: false)
        while case let leaves = try LeafInsides.window(of: pass), !leaves.isEmpty {
            let insides = LeafInsides.look(into: leaves) { leaf, header in isDeep(leaf, header) }
            for (leaf, inside) in zip(leaves, insides) {
                examine(leaf, inside, isLast: leaf.segment == moment.segments.last?.number)
            }
        }
        if let tornEnd = pass.tornEnd { examine(tornEnd) }
        if let last = moment.segments.last {
            if ending.state.segment != last.number { enter(last.number) }
            ending.segmentEnd = last.size
            soundEnding?.segmentEnd = last.size
        }
        strangers(in: try verifier.directory.others())
        report.byteCount = moment.segments.reduce(0) { $0 + $1.size }
        report.segmentCount = moment.segments.count
        report.head = tree.head
        check(state)
        report.lastSequence = lastSequence == 0 ? nil : lastSequence
        if let mismatch { try locate(mismatch) }
        try conclude()
        return report
    }

}
