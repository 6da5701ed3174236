public import AccessPolicy
internal import FlowModel
internal import GRDB

/// The policy history that the database remembers.
enum PolicyTable {
    /// Adds what is new of `snapshots` and gives the whole history; nil when there is none.
    static func add(_ snapshots: [PolicySnapshot], to database: Database, report: inout IngestReport) throws -> PolicyHistory? {
        var added = 0
        try database.inTransaction(.immediate) {
            for snapshot in snapshots {
                let digest = snapshot.digest
                let at = snapshot.effectiveAt.milliseconds
                let known = try String.fetchOne(
                    database, sql: "SELECT digest FROM snapshot WHERE effective_at = ?", arguments: [at])
                if known == digest { continue }
                guard known == nil else {
                    throw StoreFailure(
                        .refused,
                        """
                        the database remembers another policy for \(snapshot.effectiveAt) (digest \(known ?? "")); history is not \
                        rewritten, build a new database if the old policy was wrong
                        """)
                }
                try database.execute(
                    sql: "INSERT INTO snapshot (effective_at, version, digest, document) VALUES (?, ?, ?, ?)",
                    arguments: [
                        at, snapshot.effectiveAt.rfc3339, digest, String(decoding: snapshot.canonicalJSON(), as: UTF8.self),
                    ])
                added += 1
            }
            return .commit
        }
        report.newSnapshots = added
        return try history(database)
    }

    static func history(_ database: Database) throws -> PolicyHistory? {
        let documents = try Row.fetchAll(database, sql: "SELECT version, document FROM snapshot ORDER BY effective_at")
        guard !documents.isEmpty else { return nil }
        let snapshots = try documents.map { row in
            let text: String = row[1]
            return try PolicySnapshot.load(Array(text.utf8), file: row[0])
        }
        return try PolicyHistory(snapshots: snapshots)
    }
}

extension AuditDatabase {
    /// The policy history that the database remembers; nil when there is none.
    public func policyHistory() throws -> PolicyHistory? {
        try read { try PolicyTable.history($0) }
    }
}
