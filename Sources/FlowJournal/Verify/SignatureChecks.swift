import Dispatch

/// Checks many signatures on all cores: a year of checkpoints is half a million.
enum SignatureChecks {
    /// Entries that one iteration checks.
    private static let batch = 64

    enum Outcome {
        /// Places among the keys of those whose signatures are right.
        case signers([Int])
        /// A signature that names one of the keys is wrong.
        case wrong
    }

    /// For each entry what its signatures are worth; no signers for entries that are no checkpoints.
    static func check(_ entries: ArraySlice<CheckpointFile.Entry>, _ keys: [NoteVerifier]) -> [Outcome] {
        guard !keys.isEmpty else { return entries.map { _ in .signers([]) } }
        let batches = (entries.count + batch - 1) / batch
        let results = Slots<[Outcome]>(count: batches)
        DispatchQueue.concurrentPerform(iterations: batches) { index in
            let start = entries.startIndex + index * batch
            let range = start..<min(start + batch, entries.endIndex)
            results.set(
                index,
                entries[range].map { entry in
                    guard case .checkpoint(_, let note) = entry.content else { return .signers([]) }
                    return note.signers(among: keys).map(Outcome.signers) ?? .wrong
                })
        }
        return results.values.flatMap { $0 ?? [] }
    }
}
