public import FlowJournal
public import FlowStore

/// What verifying said about one source or journal.
public struct VerifiedItem: Sendable {
    public enum Answer: String, Sendable {
        case intact
        case tampered
        case cannotBeProved = "cannot be proved"
        /// The evidence is one thing, and what the database says of it is another: the database is to be built again.
        case disagrees
    }

    /// Directory of a journal, or path of another file.
    public var path: String
    public var isJournal: Bool
    public var answer: Answer
    /// Sentences, the worst first.
    public var remarks: [String]
    public var frames: UInt64
    public var records: UInt64

    /// All of it.
    public init(path: String, isJournal: Bool, answer: Answer, remarks: [String], frames: UInt64, records: UInt64) {
        self.path = path
        self.isJournal = isJournal
        self.answer = answer
        self.remarks = remarks
        self.frames = frames
        self.records = records
    }
}

/// Holds the sources of a database against the bytes on disk.
public enum SourceAgreement {
    /// How long a journal must stand still before it is called tampered with.
    private static let settleMs: Int64 = 1_000

    /// Verifies every journal that the database was filled from, and compares every other source with its recorded digest.
    ///
    /// - Parameters:
    ///   - keys: public keys of journals; without one nothing is called intact.
    ///   - roots: where to look beside the places at which the sources were seen.
    public static func verify(_ database: AuditDatabase, keys: [TrustedKey], roots: SourceRoots = .none) throws -> [VerifiedItem] {
        try verify(database, keys: keys, roots: roots, settleMs: settleMs)
    }

    static func verify(
        _ database: AuditDatabase, keys: [TrustedKey], roots: SourceRoots = .none, settleMs: Int64
    ) throws -> [VerifiedItem] {
        try database.read { connection in
            let places = SourcePlaces(connection, roots: roots)
            return try places.journals().map { try journal($0, connection, keys, settleMs) }
                + places.files().map { file($0, try places.look(for: $0)) }
        }
    }

    /// At the first of its places at which it is whole; else what is wrong at the likeliest.
    private static func journal(
        _ journal: SourcePlaces.Journal, _ database: StoreConnection, _ keys: [TrustedKey], _ settleMs: Int64
    ) throws -> VerifiedItem {
        if journal.candidates.isEmpty, let stranger = journal.stranger {
            return VerifiedItem(
                path: journal.directory, isJournal: true, answer: .cannotBeProved,
                remarks: [
                    """
                    `\(stranger.directory)` holds another journal now, of origin `\(stranger.origin)`; the one of origin \
                    `\(journal.origin ?? "")` that was ingested is at no place that is known: ingest it from where it is
                    """
                ], frames: 0, records: 0)
        }
        var first: VerifiedItem?
        for place in journal.candidates.isEmpty ? [journal.directory] : journal.candidates {
            let item = try look(at: journal, in: place, database, keys, settleMs)
            if item.answer != .tampered { return item }
            first = first ?? item
        }
        return first
            ?? VerifiedItem(path: journal.directory, isJournal: true, answer: .cannotBeProved, remarks: [], frames: 0, records: 0)
    }

    private static func look(
        at journal: SourcePlaces.Journal, in found: String, _ database: StoreConnection, _ keys: [TrustedKey], _ settleMs: Int64
    ) throws -> VerifiedItem {
        let directory = journal.directory
        var verifier = JournalVerifier(JournalDirectory(found))
        verifier.keys = keys
        // As `twin-journal verify`: what is still being written or copied is not tampered with.
        verifier.settleMs = settleMs
        verifier.remembered = try JournalMemory(database: database).heads(origin: journal.origin, directory: directory)
        let report: VerificationReport
        do {
            report = try verifier.verify()
        } catch {
            return VerifiedItem(
                path: directory, isJournal: true, answer: .cannotBeProved, remarks: ["\(error)"], frames: 0, records: 0)
        }
        var answer = VerifiedItem.Answer.intact
        switch report.verdict {
        case .intact: answer = .intact
        case .tampered: answer = .tampered
        case .cannotBeProved: answer = .cannotBeProved
        }
        let ordered = report.findings.sorted { $0.kind.verdict == .tampered && $1.kind.verdict != .tampered }
        var remarks = ordered.map(\.description)
        let sum = "SELECT coalesce(sum(records), 0) FROM frame WHERE source_id = ?"
        var known: UInt64 = 0
        for segment in journal.segments {
            let records: Int64 = try database.value(sum, [segment.id], again: true) ?? 0
            if segment.lines != records {
                if answer != .tampered { answer = .disagrees }
                remarks.insert("`\(segment.path)`: the database holds other records than its frames had; build it again", at: 0)
            }
            known += UInt64(clamping: records)
        }
        if found != directory { remarks.append("it was ingested from `\(directory)`, and is at `\(found)` now") }
        if known < report.recordCount {
            remarks.append("\(report.recordCount - known) records are not in the database yet; ingest again")
            if answer == .intact { answer = .cannotBeProved }
        }
        return VerifiedItem(
            path: directory, isJournal: true, answer: answer, remarks: remarks, frames: report.head.size,
            records: report.recordCount)
    }

    /// A file that is no journal carries no proof of its own: its bytes are the ones that were read, or they are not.
    private static func file(_ file: SourcePlaces.File, _ found: SourcePlaces.Answer) -> VerifiedItem {
        func item(_ answer: VerifiedItem.Answer, _ remark: String) -> VerifiedItem {
            VerifiedItem(path: file.path, isJournal: false, answer: answer, remarks: [remark], frames: 0, records: 0)
        }
        switch found {
        case .found(let path, _):
            let place = path.hasSuffix("/" + file.path) || path == file.path ? "" : ", at `\(path)` now"
            return item(.cannotBeProved, "the bytes are those that were ingested\(place); a log without signatures proves no more")
        case .changed(let path):
            return item(
                .tampered,
                "`\(path)`: the bytes are not those that were ingested (SHA-256 \(file.digest) of the first \(file.size)), and records of it "
                    + "stand there still")
        case .gone(let reason):
            return item(
                .cannotBeProved, "the bytes that were ingested (SHA-256 \(file.digest) of \(file.size)) cannot be looked at: \(reason)")
        }
    }
}
