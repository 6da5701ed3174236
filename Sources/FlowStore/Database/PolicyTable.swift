public import AccessPolicy
internal import FlowModel
package import GRDB
internal import PolicyDocuments

/// A policy history with the versions by which the database calls its policies.
package struct NamedHistory {
    package var history: PolicyHistory
    /// By effective time.
    var versions: [Timestamp: String]

    package func version(of policy: CompiledPolicy) -> String {
        versions[policy.snapshot.effectiveAt] ?? policy.snapshot.versionText
    }
}

/// The policy history that the database remembers.
package enum PolicyTable {
    /// Letters of a digest that tell policies of one number apart.
    private static let digestLetters = 12

    /// Adds what is new of `snapshots` and gives the whole history; nil when there is none.
    ///
    /// A policy is called by its own version where it has one, else by its effective time. Of several with one version each later one to be
    /// added is called `VERSION+DIGEST`, by the beginning of its digest, and a warning says so.
    package static func add(_ snapshots: [PolicySnapshot], to database: Database) throws -> Addition {
        var added = 0
        var warnings: [String] = []
        try database.inTransaction(.immediate) {
            for snapshot in snapshots.sorted(by: { $0.effectiveAt < $1.effectiveAt }) {
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
                var version = snapshot.versionText
                if let other = try Int64.fetchOne(
                    database, sql: "SELECT effective_at FROM snapshot WHERE version = ?", arguments: [version])
                {
                    version += "+" + digest.prefix(digestLetters)
                    warnings.append(
                        """
                        the policies of \(Timestamp(milliseconds: other)) and \(snapshot.effectiveAt) differ and both call themselves \
                        version \(snapshot.versionText); the second is called \(version) here
                        """)
                }
                try database.execute(
                    sql: "INSERT INTO snapshot (effective_at, version, digest, document) VALUES (?, ?, ?, ?)",
                    arguments: [at, version, digest, String(decoding: snapshot.canonicalJSON(), as: UTF8.self)])
                added += 1
            }
            return .commit
        }
        return Addition(history: try history(database), newSnapshots: added, warnings: warnings)
    }

    /// What adding snapshots made.
    package struct Addition {
        /// Nil when there is no policy at all.
        package let history: NamedHistory?
        package let newSnapshots: Int
        package let warnings: [String]
    }

    static func history(_ database: Database) throws -> NamedHistory? {
        let documents = try Row.fetchAll(database, sql: "SELECT version, document FROM snapshot ORDER BY effective_at")
        guard !documents.isEmpty else { return nil }
        var versions: [Timestamp: String] = [:]
        let snapshots = try documents.map { row in
            let text: String = row[1]
            let snapshot = try PolicySnapshot.load(Array(text.utf8), file: row[0])
            versions[snapshot.effectiveAt] = row[0]
            return snapshot
        }
        return NamedHistory(history: try PolicyHistory(snapshots: snapshots), versions: versions)
    }
}

extension AuditDatabase {
    /// The policy history that the database remembers; nil when there is none.
    public func policyHistory() throws -> PolicyHistory? {
        try read { try PolicyTable.history($0)?.history }
    }
}
