public import FlowJournal
internal import FlowModel
internal import GRDB

/// The largest tree of each journal that was seen here, so that a journal which no longer extends it is found out.
struct JournalMemory {
    let database: Database

    /// Heads remembered under the journal's origin or its directory.
    func heads(origin: String?, directory: String) throws -> [TreeHead] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT frames, root FROM journal_root WHERE journal IN (?, ?)",
            arguments: [origin.map { "origin " + $0 } ?? "", "directory " + directory])
        return rows.compactMap { row in
            TreeHash(base64: row[1] as String).map { TreeHead(size: UInt64(row[0] as Int64), root: $0) }
        }
    }

    func remember(_ head: TreeHead, origin: String?, directory: String, at: Timestamp) throws {
        for name in ["directory " + directory] + (origin.map { ["origin " + $0] } ?? []) {
            try database.execute(
                sql: """
                    INSERT INTO journal_root (journal, frames, root, seen_at) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET frames = excluded.frames, root = excluded.root, seen_at = excluded.seen_at
                    WHERE excluded.frames > frames
                    """,
                arguments: [name, Int64(clamping: head.size), head.root.base64, at.milliseconds])
        }
    }

    /// Holds the journal in a directory against what is remembered of it.
    func examine(_ directory: String) throws -> VerificationReport {
        var verifier = JournalVerifier(JournalDirectory(directory))
        // The insides of frames are checked as they are read.
        verifier.depth = .hashes
        verifier.remembered = try heads(origin: nil, directory: directory)
        var report = try verifier.verify()
        if let origin = report.origin {
            let known = try heads(origin: origin, directory: directory)
            if known.count != verifier.remembered.count {
                verifier.remembered = known
                report = try verifier.verify()
            }
        }
        return report
    }
}
