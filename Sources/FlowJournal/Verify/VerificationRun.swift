import FlowModel

/// The state of one verification.
struct VerificationRun {
    private let verifier: JournalVerifier
    private var report = VerificationReport()
    private var tree = MerkleTree()
    private let soundness = FrameSoundness()

    /// Checkpoints that are well-formed and follow each other, so their sizes rise.
    private var seals: [Seal] = []
    private var lastSealSize: UInt64 = 0
    /// The first of `seals` that the tree has not come to.
    private var nextSeal = 0
    private var pendingRemembered: [TreeHead]
    /// Where the checkpoints end that are judged, and what was signed after them.
    private(set) var checkpointsEnd = 0
    private(set) var tornCheckpoint: Range<Int>?
    private var later: CheckpointReader?
    private var voices: Voices
    private var stateSize: UInt64 = 0
    private var closings: [Closing] = []
    /// A leaf was not as it should be.
    private var isSpoiled = false

    /// Where a writer goes on.
    struct Ending {
        var state = TreeState(tree: MerkleTree(), nextSequence: 1, segment: 1, offset: 0)
        /// When the segment's first frame was begun, by its records.
        var segmentStart: Timestamp?
        /// Bytes of the segment; what lies behind the state's offset is no whole frame.
        var segmentEnd: UInt64 = 0
    }

    private(set) var ending = Ending()
    /// Where the last segment began to be damaged, when nothing before it was and no checkpoint is over what follows.
    private(set) var soundEnding: Ending?

    /// A `journal_closed` that ends its frame.
    private struct Closing {
        var index: UInt64
        var sequence: UInt64
        var signs: Bool
    }

    /// Sequence that the next frame must begin with; nil after a stretch whose records are not known.
    private var expected: UInt64? = 1
    private var lastSequence: UInt64 = 0
    /// The end of the largest tree that a checkpoint was found to fit.
    private var proved = Place(segment: 1, offset: 0, index: 0, sequence: 0)
    private var place = Place(segment: 1, offset: 0, index: 0, sequence: 0)
    private var mismatch: Mismatch?
    private var runs: [Run] = []
    private var namedCheckpoints: [(head: TreeHead, sequence: UInt64, index: UInt64)] = []
    private var lastRecordKind: (kind: JournalRecordKind, sequence: UInt64)?

    /// There may be a million of these, so they hold little.
    private struct Seal {
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

    private struct Place {
        var segment: Int
        var offset: UInt64
        /// Frames before.
        var index: UInt64
        /// Last sequence before.
        var sequence: UInt64
    }

    private struct Mismatch {
        var size: UInt64
        var from: Place
        var to: Place
        var further = 0
    }

    /// From one `journal_opened` to the next.
    private struct Run {
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

    // MARK: Checkpoints

    /// Entries whose signatures are checked together, on all cores.
    private static let entriesTogether = 4_096

    private mutating func readCheckpoints() throws(SystemProblem) {
        var reader = try CheckpointReader(directory: verifier.directory.path)
        var unknown: Unknown?
        while true {
            var entries: [CheckpointFile.Entry] = []
            while entries.count < VerificationRun.entriesTogether, let entry = try reader.next() { entries.append(entry) }
            if entries.isEmpty { break }
            var rest = entries[...]
            while !rest.isEmpty {
                let outcomes = SignatureChecks.check(rest, voices.known)
                for outcome in outcomes {
                    guard let entry = rest.popFirst() else { break }
                    // A key that was named just now: the rest must be checked against it as well.
                    if take(entry, outcome, &unknown) { break }
                }
            }
            if let last = entries.last {
                checkpointsEnd = last.content == .torn ? last.range.lowerBound : last.range.upperBound
                tornCheckpoint = last.content == .torn ? last.range : nil
            }
        }
        if let unknown {
            let names = unknown.names.sorted().map { "`\($0)`" }.joined(separator: ", ")
            let stranger = unknown.stranger.map { ", and `\($0.name)` does not speak for `\(unknown.origin)`" } ?? ""
            report.add(
                VerificationFinding(
                    .signerUnknown,
                    "\(unknown.count) of \(report.checkpointCount) checkpoints are not signed by a given key that speaks for this journal, but by "
                        + names + stranger, file: CheckpointFile.name, bytes: VerificationRun.bytes(unknown.first)))
        }
        if verifier.keys.isEmpty {
            report.add(VerificationFinding(.noKey, "no key was given, so no signature can be checked"))
        }
        if report.checkpointCount == 0 {
            report.add(VerificationFinding(.noCheckpoint, "there is no checkpoint", file: CheckpointFile.name))
        }
    }

    /// Checkpoints that no given key has signed which speaks for the journal.
    private struct Unknown {
        var count = 0
        var first: Range<Int>
        var names: Set<String> = []
        var origin: String
        /// A given key that signed for a journal it does not speak for.
        var stranger: NoteVerifier?
    }

    private static func bytes(_ range: Range<Int>) -> Range<UInt64> { UInt64(range.lowerBound)..<UInt64(range.upperBound) }

    /// True when a key was named that was not known.
    private mutating func take(_ entry: CheckpointFile.Entry, _ outcome: SignatureChecks.Outcome, _ unknown: inout Unknown?) -> Bool {
        let bytes = VerificationRun.bytes(entry.range)
        switch entry.content {
        case .malformed:
            report.add(VerificationFinding(.checkpointDamaged, "these bytes are no checkpoint", file: CheckpointFile.name, bytes: bytes))
            return false
        case .torn:
            report.add(VerificationFinding(.tornCheckpoint, "the file ends within a checkpoint", file: CheckpointFile.name, bytes: bytes))
            return false
        case .checkpoint(let checkpoint, let note):
            report.checkpointCount += 1
            var answer = Voices.Answer()
            switch outcome {
            case .signers(let valid): answer = voices.hear(checkpoint, note, valid: valid)
            case .wrong:
                report.add(
                    VerificationFinding(
                        .signatureWrong, "the checkpoint of \(checkpoint.head.size) frames bears a wrong signature of a given key",
                        file: CheckpointFile.name, bytes: bytes))
            }
            if answer.signer == nil, case .signers = outcome, !verifier.keys.isEmpty {
                var found = unknown ?? Unknown(first: entry.range, origin: checkpoint.origin)
                found.count += 1
                if found.names.count < 3 { found.names.formUnion(note.signatures.prefix(3).map(\.name)) }
                found.stranger = found.stranger ?? answer.stranger
                unknown = found
            }
            guard checkpoint.head.size > lastSealSize else {
                report.add(
                    VerificationFinding(
                        .checkpointMisplaced, "a checkpoint of \(checkpoint.head.size) frames follows one of \(lastSealSize)",
                        file: CheckpointFile.name, bytes: bytes))
                return answer.hasNewKey
            }
            lastSealSize = checkpoint.head.size
            let origin = seals.last.flatMap { $0.origin == checkpoint.origin ? $0.origin : nil } ?? checkpoint.origin
            seals.append(
                Seal(
                    head: checkpoint.head, origin: origin, signer: answer.signer, predecessor: answer.predecessor, range: entry.range))
            return answer.hasNewKey
        }
    }

    /// The checkpoint of that many frames.
    private func seal(ofSize size: UInt64) -> Seal? {
        var low = 0
        var high = seals.count
        while low < high {
            let middle = (low + high) / 2
            if seals[middle].head.size < size { low = middle + 1 } else { high = middle }
        }
        return low < seals.count && seals[low].head.size == size ? seals[low] : nil
    }

    // MARK: Frames

    private mutating func enter(_ segment: Int) {
        ending.state.segment = segment
        ending.state.offset = 0
        ending.segmentStart = nil
    }

    /// - Parameter inside: what looking into the frame found, where that was done already.
    private mutating func examine(_ leaf: JournalPass.Leaf, _ inside: LeafInsides?, isLast: Bool) {
        if place.segment != leaf.segment {
            place.segment = leaf.segment
            place.offset = 0
        }
        if ending.state.segment != leaf.segment { enter(leaf.segment) }
        let findings = report.findings.count
        let before = ending
        switch leaf.frame.form {
        case .native(let header):
            native(leaf, header, inside)
        case .foreign:
            add(.foreignMember, "a gzip member that no journal writer wrote", leaf)
            expected = nil
        case .torn:
            add(.frameDamaged, "the beginning of a frame", leaf)
            expected = nil
        case .damaged(let reason):
            add(.frameDamaged, reason, leaf)
            expected = nil
        }
        if report.findings.count > findings, isLast, !isSpoiled, lastSealSize <= tree.size { soundEnding = before }
        isSpoiled = isSpoiled || report.findings.count > findings
        tree.append(leaf.hash)
        place = Place(segment: leaf.segment, offset: leaf.frame.end, index: tree.size, sequence: lastSequence)
        ending.state = TreeState(tree: tree, nextSequence: lastSequence &+ 1, segment: leaf.segment, offset: leaf.frame.end)
        if ending.segmentStart == nil, let first = leaf.frame.header?.firstTimestamp, first != .distantPast { ending.segmentStart = first }
        holdAgainstSeal()
        rememberedAt(size: tree.size)
    }

    /// A torn end is damage when there were more frames once.
    private mutating func examine(_ tornEnd: TornEnd) {
        let file = SegmentName.name(of: tornEnd.segment)
        if tree.size < lastSealSize {
            for stretch in tornEnd.stretches {
                var reason = "the beginning of a frame, where a checkpoint covers whole ones"
                if case .damaged(let found) = stretch.form { reason = found }
                report.add(
                    VerificationFinding(
                        .frameDamaged, reason, file: file, bytes: stretch.offset..<stretch.end, frames: tree.size..<tree.size + 1))
            }
        } else if !verifier.sealedPartOnly {
            report.add(
                VerificationFinding(
                    .tornTail, "the journal ends in bytes that are no whole frame", file: file, bytes: tornEnd.bytes,
                    frames: tree.size..<tree.size + 1))
        }
    }

    private mutating func native(_ leaf: JournalPass.Leaf, _ header: FrameHeader, _ inside: LeafInsides?) {
        if let expected, header.firstSequence != expected {
            let gap = header.firstSequence > expected
            add(
                .sequenceBroken,
                gap ? "records are missing before this frame" : "the frame's records come after record \(lastSequence)", leaf,
                records: gap ? expected...header.firstSequence - 1 : header.firstSequence...header.lastSequence)
        } else if expected == nil, header.firstSequence <= lastSequence {
            add(
                .sequenceBroken, "the frame's records come after record \(lastSequence)", leaf,
                records: header.firstSequence...header.lastSequence)
        }
        if report.firstSequence == nil { report.firstSequence = header.firstSequence }
        expected = header.nextSequence
        lastSequence = max(lastSequence, header.lastSequence)
        report.recordCount += UInt64(header.recordCount)
        lastRecordKind = nil
        let isDeep = isDeep(leaf, header)
        guard isDeep || header.holdsJournalRecords else { return }
        // What was looked into before is looked into again when a checkpoint has turned out not to fit since.
        let inside = inside.flatMap { $0.isDeep == isDeep ? $0 : nil } ?? LeafInsides(leaf, header, isDeep: isDeep, soundness)
        if let wrong = inside.wrong { add(.frameDamaged, wrong, leaf) }
        for record in inside.own { note(record, leaf.index, header) }
    }

    /// Whether a frame's insides are judged, as far as is known now: what is, stays so.
    private func isDeep(_ leaf: JournalPass.Leaf, _ header: FrameHeader) -> Bool {
        let isUnsealed = leaf.index >= lastSealSize || mismatch != nil || verifier.keys.isEmpty
        // Without a key there are no checkpoints, and the writer's state is the only mark of what was looked at before.
        let isTail = leaf.index >= max(lastSealSize, verifier.keys.isEmpty ? stateSize : 0)
        return verifier.depth == .records || (verifier.depth == .seals && isUnsealed) || (verifier.depth == .tail && isTail)
    }

    private mutating func note(_ record: OwnRecord, _ index: UInt64, _ header: FrameHeader) {
        switch record.kind {
        case .opened:
            if runs.isEmpty { report.origin = record.openedOrigin }
            // A run begins with the frame after its predecessor's last; a recovery note may share the frame.
            runs.append(Run(start: index, firstSequence: record.sequence, keyID: record.openedKeyID))
        case .closed:
            closings.append(Closing(index: index, sequence: record.sequence, signs: runs.last?.keyID != nil))
        default: break
        }
        if let head = record.checkpoint { namedCheckpoints.append((head, record.sequence, index)) }
        if record.sequence == header.lastSequence { lastRecordKind = (record.kind, record.sequence) }
    }

    private mutating func add(
        _ kind: VerificationFinding.Kind, _ explanation: String, _ leaf: JournalPass.Leaf, records: ClosedRange<UInt64>? = nil
    ) {
        report.add(
            VerificationFinding(
                kind, explanation, file: SegmentName.name(of: leaf.segment), bytes: leaf.frame.offset..<leaf.frame.end,
                frames: leaf.index..<leaf.index + 1, records: records ?? leaf.frame.header.map { $0.firstSequence...$0.lastSequence }))
    }

    /// Holds the tree against the checkpoint of its size, when there is one.
    private mutating func holdAgainstSeal() {
        guard nextSeal < seals.count, seals[nextSeal].head.size == tree.size else { return }
        let head = seals[nextSeal].head
        let fits = head.root == tree.root
        seals[nextSeal].fits = fits
        if fits {
            if mismatch == nil { proved = place }
            if seals[nextSeal].signer != nil { report.sealed = head }
        } else if mismatch == nil {
            mismatch = Mismatch(size: tree.size, from: proved, to: place)
        } else {
            mismatch?.further += 1
        }
        nextSeal += 1
    }

    private mutating func rememberedAt(size: UInt64) {
        while let head = pendingRemembered.first, head.size == size {
            pendingRemembered.removeFirst()
            guard head.root != tree.root else { continue }
            report.add(
                VerificationFinding(
                    .notAnExtension, "the first \(size) frames are not those that were seen before", frames: 0..<size))
        }
    }

    /// Looks for the frames that make a checkpoint's root differ.
    private mutating func locate(_ mismatch: Mismatch) throws(SystemProblem) {
        let records = mismatch.from.sequence < mismatch.to.sequence ? mismatch.from.sequence + 1...mismatch.to.sequence : nil
        let further = mismatch.further == 0 ? "" : ", nor do the \(mismatch.further) checkpoints after it fit"
        report.add(
            VerificationFinding(
                .rootMismatch,
                "these frames are not those that the checkpoint of \(mismatch.size) frames was signed over\(further)",
                file: SegmentName.name(of: mismatch.to.segment), frames: mismatch.from.index..<mismatch.to.index, records: records))
        // With depth `.records` the frames have been looked into already.
        guard verifier.depth == .seals, !verifier.keys.isEmpty else { return }
        var index = mismatch.from.index
        // Only segments that are there: their numbers may be far apart.
        for number in try verifier.directory.segments() where (mismatch.from.segment...mismatch.to.segment).contains(number) {
            let offset = number == mismatch.from.segment ? mismatch.from.offset : 0
            let reader = try SegmentReader(
                SegmentFile(path: verifier.directory.segmentPath(number)), from: offset, limit: nil, keeps: true)
            while index < mismatch.to.index, let frame = try reader.next() {
                if let header = frame.header {
                    let bytes = try reader.bytes.bytes(Int(frame.length), at: frame.offset)
                    let wrong = bytes.withBytes { soundness.problem($0, header) }
                    if let wrong {
                        report.add(
                            VerificationFinding(
                                .frameDamaged, wrong, file: SegmentName.name(of: number), bytes: frame.offset..<frame.end,
                                frames: index..<index + 1, records: header.firstSequence...header.lastSequence))
                    }
                }
                index += 1
            }
        }
    }

    /// The writer's own state proves nothing, and may be missing; but a journal that is shorter than it has lost frames.
    private mutating func check(_ state: TreeState?) {
        guard let state, state.tree.size > tree.size else { return }
        report.add(
            VerificationFinding(
                .framesMissing, "the writer's state is of \(state.tree.size) frames, and there are only \(tree.size)", file: TreeState.name,
                frames: tree.size..<state.tree.size))
    }

    // MARK: Conclusion

    private mutating func conclude() throws(SystemProblem) {
        if let head = pendingRemembered.last, head.size > 0 { shrunk(head) }
        if tree.size == 0 { report.add(VerificationFinding(.empty, "there is no frame to examine")) }
        if lastSealSize > tree.size {
            let beyond = seals.count - nextSeal
            report.add(
                VerificationFinding(
                    .framesMissing,
                    "\(beyond) checkpoints cover up to \(lastSealSize) frames, and there are only \(tree.size)",
                    frames: tree.size..<lastSealSize))
        }
        guard tree.size > 0 else { return }
        checkOrigins()
        try checkNamedCheckpoints()
        checkClosings()
        checkRuns()
        if !verifier.sealedPartOnly, lastRecordKind?.kind != .closed {
            report.add(
                VerificationFinding(
                    .openEnd, "the last record is not `journal_closed`, so nothing shows that no record followed it",
                    frames: tree.size - 1..<tree.size, records: lastSequence > 0 ? lastSequence...lastSequence : nil))
        }
    }

    private mutating func shrunk(_ head: TreeHead) {
        report.add(
            VerificationFinding(
                .notAnExtension, "\(head.size) frames were seen before, and there are only \(tree.size)",
                frames: min(tree.size, head.size)..<head.size))
    }

    private mutating func checkOrigins() {
        let wanted = verifier.origin ?? report.origin
        if let wanted = verifier.origin, let present = report.origin, wanted != present {
            report.add(VerificationFinding(.checkpointMisplaced, "the journal's origin is `\(present)`, not `\(wanted)`"))
        }
        guard let wanted else { return }
        for seal in seals where seal.origin != wanted {
            report.add(
                VerificationFinding(
                    .checkpointMisplaced, "the checkpoint is of the journal `\(seal.origin)`, not of `\(wanted)`",
                    file: CheckpointFile.name, bytes: VerificationRun.bytes(seal.range)))
        }
    }

    private mutating func checkNamedCheckpoints() throws(SystemProblem) {
        var missing = namedCheckpoints.filter { named in seal(ofSize: named.head.size)?.head != named.head }
        while !missing.isEmpty, let entry = try later?.next() {
            if case .checkpoint(let checkpoint, _) = entry.content { missing.removeAll { $0.head == checkpoint.head } }
        }
        for (head, sequence, index) in missing {
            report.add(
                VerificationFinding(
                    .checkpointMissing, "record \(sequence) names a checkpoint of \(head.size) frames that is not there or differs",
                    file: CheckpointFile.name, frames: index..<index + 1, records: sequence...sequence))
        }
    }

    /// A run that signs seals all frames before it writes that it closed, so a close without that checkpoint lost it.
    private mutating func checkClosings() {
        for closing in closings where closing.signs && lastSealSize < closing.index {
            report.add(
                VerificationFinding(
                    .checkpointMissing,
                    "record \(closing.sequence) says that the journal was closed, and no checkpoint covers the \(closing.index) frames before it",
                    file: CheckpointFile.name, frames: closing.index..<closing.index + 1, records: closing.sequence...closing.sequence))
        }
    }

    /// Files that whoever reads the journal by a pattern of names would take for parts of it.
    private mutating func strangers(in names: [String]) {
        for name in names.sorted() {
            report.add(VerificationFinding(.strangeFile, "the file has a segment's ending, and is none", file: name))
        }
    }

    /// Every run's frames must be under a checkpoint by the key that the run was written with.
    private mutating func checkRuns() {
        guard let first = runs.first, first.start == 0 else {
            report.add(
                VerificationFinding(.noBeginning, "the journal does not begin with the record `journal_opened`", frames: 0..<1))
            return
        }
        guard !verifier.keys.isEmpty, report.checkpointCount > 0 else { return }
        let limit = verifier.sealedPartOnly ? min(lastSealSize, tree.size) : tree.size
        var coverage: [String: UInt64] = [:]
        for seal in seals where seal.fits == true {
            // Sizes rise, so the last one stands.
            for signer in [seal.predecessor, seal.signer] {
                if let signer { coverage[voices.known[Int(signer)].keyIDText] = seal.head.size }
            }
        }
        let sealed = coverage.values.max() ?? 0
        for (position, run) in runs.enumerated() {
            let end = min(limit, position + 1 < runs.count ? runs[position + 1].start : tree.size)
            let covered = max(run.start, run.keyID.flatMap { coverage[$0] } ?? 0)
            guard covered < end else { continue }
            let byOther = min(end, max(covered, sealed))
            if covered < byOther {
                let writer = run.keyID.map { "with the key \($0), and no checkpoint of that key covers them" } ?? "without a key"
                report.add(VerificationFinding(.sealedByOther, "these frames were written \(writer)", frames: covered..<byOther))
            }
            if byOther < end {
                let records = run.firstSequence <= lastSequence && position == runs.count - 1 ? tailRecords(from: byOther) : nil
                report.add(
                    VerificationFinding(
                        .unsealedTail, "no checkpoint by a given key covers these frames", frames: byOther..<end, records: records))
            }
        }
    }

    /// Records after the last frame that is proved, when that is where the tail begins.
    private func tailRecords(from index: UInt64) -> ClosedRange<UInt64>? {
        guard proved.index == index, proved.sequence < lastSequence else { return nil }
        return proved.sequence + 1...lastSequence
    }
}
