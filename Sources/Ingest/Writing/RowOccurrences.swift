internal import FlowStore

/// Counts how often a source says the very same without a connection id: rows of a report that are equal count as often as they stand in
/// one file, and the second export of the same period counts none of them again.
///
/// Exact for any number of rows: what does not fit into memory is kept in a temporary table.
final class RowOccurrences {
    /// Different records counted in memory: 64 MB.
    static let defaultLimit = 1 << 21

    private let limit: Int
    private let database: StoreConnection
    private let background: BackgroundWriter
    private let counts = KeyTable<Int64>(width: 1, capacity: 1 << 10)
    private var source: Int64 = 0
    private var spill: Spill?

    private struct Spill {
        let select: RawStatement
        let upsert: RawStatement
    }

    init(_ database: StoreConnection, background: BackgroundWriter, limit: Int = defaultLimit) {
        self.database = database
        self.background = background
        self.limit = limit
    }

    /// The how manieth record of `source` it is that has this identity, from 1. Records of one source come one after the other, from its
    /// beginning.
    func next(_ identity: UInt64, source: Int64) throws -> Int64 {
        if source != self.source { try begin(source) }
        var word = Int64(bitPattern: identity)
        if let place = counts.place(&word) {
            let count = counts.value(at: place)
            count.pointee += 1
            return count.pointee
        }
        if counts.count >= limit { try moveOut() }
        var count: Int64 = 1
        if let spill {
            try background.reclaim()
            spill.select.bind(1, word)
            if try spill.select.step() { count += spill.select.integer(0) }
            spill.select.reset()
        }
        counts.insert(&word, count)
        return count
    }

    /// Forgets what other sources said, and what this one said before: it is read from its beginning.
    func begin(_ source: Int64) throws {
        self.source = source
        counts.removeAll()
        if spill != nil {
            try background.reclaim()
            try database.run("DELETE FROM temp.occurrence")
            spill = nil
        }
    }

    private func moveOut() throws {
        try background.reclaim()
        if spill == nil {
            try database.run(
                """
                CREATE TEMP TABLE IF NOT EXISTS occurrence (identity INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
                """)
            spill = Spill(
                select: try RawStatement(database, "SELECT count FROM temp.occurrence WHERE identity = ?"),
                upsert: try RawStatement(database, "INSERT OR REPLACE INTO temp.occurrence (identity, count) VALUES (?, ?)"))
        }
        guard let spill else { return }
        // In the order of keys, so that pages are written once.
        for place in (0..<counts.count).sorted(by: { counts.key(at: $0)[0] < counts.key(at: $1)[0] }) {
            spill.upsert.bind(1, counts.key(at: place)[0])
            spill.upsert.bind(2, counts.value(at: place).pointee)
            try spill.upsert.run()
        }
        counts.removeAll()
    }
}
