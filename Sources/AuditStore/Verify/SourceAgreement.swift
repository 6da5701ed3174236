public import FlowJournal
internal import GRDB

/// What verifying said about one source or journal.
public struct VerifiedItem: Sendable {
    public enum Answer: String, Sendable {
        case intact
        case tampered
        case cannotBeProved = "cannot be proved"
    }

    /// Directory of a journal, or path of another file.
    public var path: String
    public var isJournal: Bool
    public var answer: Answer
    /// Sentences, the worst first.
    public var remarks: [String]
    public var frames: UInt64
    public var records: UInt64
}

/// Holds the sources of a database against the bytes on disk.
public enum SourceAgreement {
    /// Verifies every journal that the database was filled from, and compares every other source with its recorded digest.
    ///
    /// - Parameter keys: public keys of journals; without one nothing is called intact.
    public static func verify(_ database: AuditDatabase, keys: [TrustedKey]) throws -> [VerifiedItem] {
        try database.read { connection in
            let journals = try String.fetchAll(
                connection, sql: "SELECT DISTINCT journal FROM source_file WHERE journal IS NOT NULL ORDER BY 1")
            var items = try journals.map { try journal($0, connection, keys) }
            let files = try Row.fetchAll(
                connection, sql: "SELECT path, size, digest FROM source_file WHERE kind = 'file' ORDER BY path, source_id")
            items += files.map { file($0[0], size: $0[1], digest: $0[2]) }
            return items
        }
    }

    private static func journal(_ directory: String, _ database: Database, _ keys: [TrustedKey]) throws -> VerifiedItem {
        var verifier = JournalVerifier(JournalDirectory(directory))
        verifier.keys = keys
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
                SELECT s.path, s.size, s.digest, s.lines, coalesce((SELECT sum(records) FROM frame WHERE source_id = s.source_id), 0)
                FROM source_file s WHERE s.journal = ? ORDER BY s.path
                """, arguments: [directory])
        var known: UInt64 = 0
        for segment in segments {
            let part = file(segment[0], size: segment[1], digest: segment[2])
            if part.answer == .tampered {
                answer = .tampered
                remarks.insert(contentsOf: part.remarks, at: 0)
            }
            if segment[3] as Int64 != segment[4] {
                answer = .tampered
                remarks.insert("`\(segment[0] as String)`: the database holds other records than its frames had", at: 0)
            }
            known += UInt64(clamping: segment[4] as Int64)
        }
        if known < report.recordCount {
            remarks.append("\(report.recordCount - known) records are not in the database yet; ingest again")
            if answer == .intact { answer = .cannotBeProved }
        }
        return VerifiedItem(
            path: directory, isJournal: true, answer: answer, remarks: remarks, frames: report.head.size,
            records: report.recordCount)
    }

    /// A file that is no journal carries no proof of its own: its bytes are the ones that were read, or they are not.
    private static func file(_ path: String, size: Int64, digest: String) -> VerifiedItem {
        func item(_ answer: VerifiedItem.Answer, _ remark: String) -> VerifiedItem {
            VerifiedItem(path: path, isJournal: false, answer: answer, remarks: [remark], frames: 0, records: 0)
        }
        do {
            let probe = try SourceProbe.read(path: path, sizes: [size])
            if probe.prefixes[size] == digest {
                return item(.cannotBeProved, "the bytes are those that were ingested; a log without signatures proves no more")
            }
            return item(.tampered, "`\(path)`: the bytes are not those that were ingested (SHA-256 \(digest) of the first \(size))")
        } catch {
            return item(.cannotBeProved, error.message)
        }
    }
}
