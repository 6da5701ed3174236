/// Verifies a journal from its bytes alone.
///
/// Recomputed: the order and the headers of all frames, the sequence, the leaf hash of every frame and the tree over them; every
/// checkpoint's place, origin, root and signature; that no checkpoint is missing which a record of the journal names; that the tree
/// extends what was seen before. Frames that a signed checkpoint covers are proved by their hashes; the others, and all with depth
/// `.records`, are inflated as well, and their checksums, lines, sequences and timestamps are held against their headers.
/// Times of day are never evidence: a clock that stepped is no finding.
///
/// ```swift
/// var verifier = JournalVerifier(JournalDirectory(path))
/// verifier.keys = [TrustedKey(try NoteVerifier(publicKey))]
/// let report = try verifier.verify()
/// switch report.verdict {
/// case .intact: print("\(report.recordCount) records are what was written")
/// case .tampered, .cannotBeProved: for finding in report.findings { print(finding) }
/// }
/// ```
public struct JournalVerifier {
    public enum Depth: Sendable {
        /// Only what hashes and headers tell.
        case hashes
        /// Also the insides of frames behind the last checkpoint, whoever signed it; what a writer looks at before it goes on.
        case tail
        /// Also the insides of frames that no signed checkpoint covers.
        case seals
        /// Also the insides of all other frames.
        case records
    }

    public let directory: JournalDirectory
    /// Whose signatures count, and for which journals.
    public var keys: [TrustedKey] = []
    /// What was seen of this journal before, by a database or in a checkpoint that was kept elsewhere.
    public var remembered: [TreeHead] = []
    /// The origin that the journal must have; nil takes the one it names.
    public var origin: String?
    public var depth = Depth.seals
    /// Judge only the frames under the last checkpoint: an unsealed tail and an open end are then no findings. For a journal in use.
    public var sealedPartOnly = false
    /// Milliseconds for which a journal must stand still before it is called tampered. While files are copied in any order, what is there may look
    /// like what is left of a journal; 0 judges at once, for a journal that nobody else touches.
    public var settleMs: Int64 = 0
    /// How often a journal is looked at that does not stand still.
    static let attempts = 3

    public init(_ directory: JournalDirectory) {
        self.directory = directory
    }

    /// Throws a `SystemProblem` when a file cannot be read, or, without `settleMs`, when it was changed while it was read.
    public func verify() throws(SystemProblem) -> VerificationReport {
        guard settleMs > 0 else { return try examine() }
        var report: VerificationReport?
        for _ in 0..<JournalVerifier.attempts {
            let before = try Stillness(directory)
            do throws(SystemProblem) {
                report = try examine()
            } catch {
                guard error.isChange else { throw error }
                report = nil
            }
            if let report, !report.isTampered { return report }
            Stillness.pause(milliseconds: settleMs)
            if let report, before == (try Stillness(directory)) { return report }
        }
        return VerificationReport.changing
    }

    private func examine() throws(SystemProblem) -> VerificationReport {
        var run = VerificationRun(self)
        return try run.run()
    }
}
