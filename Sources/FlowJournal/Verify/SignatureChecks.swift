import Dispatch

/// Checks many signatures on all cores: a year of checkpoints is half a million.
enum SignatureChecks {
    /// Entries that one iteration checks.
    private static let batch = 64

    /// For each entry what its signatures are worth; nil for entries that are no checkpoints.
    static func check(_ entries: [CheckpointFile.Entry], _ keys: [NoteVerifier]) -> [SignedNote.Check?] {
        guard !keys.isEmpty else { return entries.map { _ in nil } }
        let batches = (entries.count + batch - 1) / batch
        let results = Slots<[SignedNote.Check?]>(count: batches)
        DispatchQueue.concurrentPerform(iterations: batches) { index in
            let range = index * batch..<min((index + 1) * batch, entries.count)
            results.set(
                index,
                entries[range].map { entry in
                    if case .checkpoint(_, let note) = entry.content { note.check(keys) } else { nil }
                })
        }
        return results.values.flatMap { $0 ?? [] }
    }
}
