public import FlowJournal
internal import GRDB

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
    /// - Parameter keys: public keys of journals; without one nothing is called intact.
    public static func verify(_ database: AuditDatabase, keys: [TrustedKey]) throws -> [VerifiedItem] {
        try database.read { connection in
            let places = SourcePlaces(connection)
            return try places.journals().map { try journal($0.named, at: $0.found, connection, keys) }
                + places.files().map { file($0, try places.look(for: $0)) }
        }
    }

    private static func journal(_ directory: String, at found: String, _ database: Database, _ keys: [TrustedKey]) throws -> VerifiedItem {
        var verifier = JournalVerifier(JournalDirectory(found))
        verifier.keys = keys
        // As `twin-journal verify`: what is still being written or copied is not tampered with.
        verifier.settleMs = SourceAgreement.settleMs
        verifier.remembered = try JournalMemory(database: database).heads(origin: nil, directory: directory)
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
        let segments = try Row.fetchAll(
            database,
            sql: """
                SELECT s.path, s.lines, coalesce((SELECT sum(records) FROM frame WHERE source_id = s.source_id), 0)
                FROM source_file s WHERE s.journal = ? AND s.refusal IS NULL ORDER BY s.path
                """, arguments: [directory])
        var known: UInt64 = 0
        for segment in segments {
            if segment[1] as Int64 != segment[2] {
                if answer != .tampered { answer = .disagrees }
                remarks.insert("`\(segment[0] as String)`: the database holds other records than its frames had; build it again", at: 0)
            }
            known += UInt64(clamping: segment[2] as Int64)
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
