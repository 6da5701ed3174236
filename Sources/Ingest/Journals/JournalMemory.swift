internal import FlowJournal
internal import FlowModel
internal import FlowStore

/// The largest tree of each journal that was seen here, so that a journal which no longer extends it is found out.
///
/// A journal is known by its origin wherever it is, and by its directory while nothing says that another journal is there now.
struct JournalMemory {
    let database: StoreConnection

    /// Heads remembered under the journal's origin, and under its directory unless they are of a journal with another origin.
    func heads(origin: String?, directory: String) throws -> [TreeHead] {
        let rows = try database.rows(
            """
            SELECT frames, root FROM journal_root WHERE journal = ?1 OR (journal = ?2 AND coalesce(origin = ?3, 1))
            """, [origin.map { "origin " + $0 } ?? "", "directory " + directory, origin])
        return rows.compactMap { row in
            TreeHash(base64: row[1] as String).map { TreeHead(size: UInt64(row[0] as Int64), root: $0) }
        }
    }

    /// The same for a journal that is at `place`, an absolute path, and was named as the caller did. Older versions remembered the name,
    /// and noted it as the place, too.
    func heads(origin: String?, place: String, named: String) throws -> [TreeHead] {
        let found = try heads(origin: origin, directory: place)
        guard named != place else { return found }
        let isOld =
            try database.hasRow(
                """
                SELECT 1 FROM source_file s JOIN source_place p USING (source_id)
                WHERE s.kind = 'journal' AND s.journal = ?1 AND p.path = s.path AND coalesce(s.origin = ?2, 1) LIMIT 1
                """, [named, origin])
        return isOld ? found + (try heads(origin: origin, directory: named)) : found
    }

    /// The origin of the journal that was seen in a directory last; nil when none was, or when it did not say.
    func origin(in directory: String) throws -> String? {
        try (database.value("SELECT origin FROM journal_root WHERE journal = ?", ["directory " + directory]) as String?)
    }

    func remember(_ head: TreeHead, origin: String?, directory: String, at: Timestamp) throws {
        for name in JournalMemory.names(origin, directory) {
            try database.run(
                """
                INSERT INTO journal_root (journal, frames, root, seen_at, origin) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET frames = excluded.frames, root = excluded.root, seen_at = excluded.seen_at,
                    origin = coalesce(excluded.origin, origin)
                WHERE excluded.frames > frames OR excluded.origin <> origin
                    OR (excluded.frames = frames AND origin IS NULL AND excluded.origin IS NOT NULL)
                """, [name, Int64(clamping: head.size), head.root.base64, at.milliseconds, origin])
        }
    }

    /// Whether a tree as large is remembered under the directory and, where there is one, the origin.
    func knows(_ head: TreeHead, origin: String?, directory: String) throws -> Bool {
        let names = JournalMemory.names(origin, directory)
        return try names.allSatisfy { name in
            let frames =
                try
                (database.value(
                    "SELECT frames FROM journal_root WHERE journal = ?1 AND (?2 IS NULL OR origin = ?2)",
                    [name, origin]) as Int64?)
            return frames.map { UInt64(clamping: $0) >= head.size } ?? false
        }
    }

    private static func names(_ origin: String?, _ directory: String) -> [String] {
        ["directory " + directory] + (origin.map { ["origin " + $0] } ?? [])
    }
}
