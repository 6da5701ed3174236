import FlowModel

/// Frames, one after the other, against their headers, their order and the checkpoints.
extension VerificationRun {
    mutating func enter(_ segment: Int) {
        ending.state.segment = segment
        ending.state.offset = 0
        ending.segmentStart = nil
    }

    /// - Parameter inside: what looking into the frame found, where that was done already.
    mutating func examine(_ leaf: JournalPass.Leaf, _ inside: LeafInsides?, isLast: Bool) {
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
    mutating func examine(_ tornEnd: TornEnd) {
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
    func isDeep(_ leaf: JournalPass.Leaf, _ header: FrameHeader) -> Bool {
        let isUnsealed = leaf.index >= lastSealSize || mismatch != nil || verifier.keys.isEmpty
        // Without a key there are no checkpoints, and the writer's state is the only mark of what was looked at before.
        let isTail = leaf.index >= max(lastSealSize, verifier.keys.isEmpty ? stateSize : 0)
        return verifier.depth == .records || (verifier.depth == .seals && isUnsealed) || (verifier.depth == .tail && isTail)
    }

    mutating func note(_ record: OwnRecord, _ index: UInt64, _ header: FrameHeader) {
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

    mutating func rememberedAt(size: UInt64) {
        while let head = pendingRemembered.first, head.size == size {
            pendingRemembered.removeFirst()
            guard head.root != tree.root else { continue }
            report.add(
                VerificationFinding(
                    .notAnExtension, "the first \(size) frames are not those that were seen before", frames: 0..<size))
        }
    }
}
