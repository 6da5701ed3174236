/// Checkpoints, before any frame is looked at.
extension VerificationRun {
    /// Entries whose signatures are checked together, on all cores.
    private static let entriesTogether = 4_096

    mutating func readCheckpoints() throws(SystemProblem) {
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

    static func bytes(_ range: Range<Int>) -> Range<UInt64> { UInt64(range.lowerBound)..<UInt64(range.upperBound) }

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
    func seal(ofSize size: UInt64) -> Seal? {
        var low = 0
        var high = seals.count
        while low < high {
            let middle = (low + high) / 2
            if seals[middle].head.size < size { low = middle + 1 } else { high = middle }
        }
        return low < seals.count && seals[low].head.size == size ? seals[low] : nil
    }
}
