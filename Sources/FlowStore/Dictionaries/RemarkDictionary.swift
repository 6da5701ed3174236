package import GRDB

/// The table `remark`, by number too: remarks are merged when a flow's records are.
package final class RemarkDictionary {
    private let dictionary: TupleDictionary<RemarkKey>
    private let background: BackgroundWriter?
    private let reader: TupleReader<RemarkKey>
    /// Numbers of two remarks, and of what they make together.
    private let merged = KeyTable<Int64>(width: 2)

    /// Pairs remembered; forgotten when more.
    private static let limit = 100_000

    package init(_ database: Database, background: BackgroundWriter? = nil) throws {
        dictionary = try TupleDictionary(database, background: background)
        self.background = background
        reader = try TupleReader(database)
    }

    /// 0 for a remark that says nothing.
    @inline(__always)
    package func id(_ key: RemarkKey) throws -> Int64 {
        key.isEmpty ? 0 : try dictionary.id(key)
    }

    func key(_ id: Int64) throws -> RemarkKey {
        if id == 0 { return RemarkKey() }
        try background?.reclaim()
        try dictionary.flush()
        return try reader.key(id) ?? RemarkKey()
    }

    /// What two remarks make together, in either order.
    package func join(_ id: Int64, _ other: Int64, _ precedence: RecordPrecedence) throws -> Int64 {
        if other == 0 || other == id { return id }
        if id == 0 { return other }
        var pair = (min(id, other), max(id, other))
        return try withUnsafePointer(to: &pair) { pointer in
            try pointer.withMemoryRebound(to: Int64.self, capacity: 2) { words in
                if let known = merged.find(words) { return known }
                var key = try key(id)
                try key.join(self.key(other), precedence)
                let made = try self.id(key)
                if merged.count >= RemarkDictionary.limit { merged.removeAll() }
                merged.insert(words, made)
                return made
            }
        }
    }

    package func flush() throws { try dictionary.flush() }
}
