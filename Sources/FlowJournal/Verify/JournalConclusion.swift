/// What can be told only when all frames were seen.
extension VerificationRun {
    mutating func conclude() throws(SystemProblem) {
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
