package import GRDB

/// Which of two things counts that equally good records of one connection say: the lesser by its texts, whichever came first.
///
/// Numbers of dictionaries depend on the order of files; texts do not. Asked only where numbers differ, which is seldom.
package final class RecordPrecedence {
    private let dictionaries: IngestDictionaries
    private let clients: TupleReader<ClientKey>
    private let destinations: TupleReader<DestinationKey>
    private let routes: TupleReader<RouteKey>

    /// Columns of dictionaries that hold numbers themselves, not those of texts.
    private static let plain: Set<String> = ["principal_kind", "port"]

    package init(_ database: Database, _ dictionaries: IngestDictionaries) throws {
        self.dictionaries = dictionaries
        clients = try TupleReader(database)
        destinations = try TupleReader(database)
        routes = try TupleReader(database)
    }

    package func client(_ left: Int64, _ right: Int64) throws -> Int64 { try least(left, right, clients) }
    package func destination(_ left: Int64, _ right: Int64) throws -> Int64 { try least(left, right, destinations) }

    /// 0 where neither has one.
    package func route(_ left: Int64, _ right: Int64) throws -> Int64 {
        left == 0 || right == 0 ? left | right : try least(left, right, routes)
    }

    /// Of two numbers of texts; 0 is none.
    package func text(_ left: Int64, _ right: Int64) throws -> Int64 {
        if left == right || left == 0 || right == 0 { return left == 0 ? right : left }
        try prepare()
        return try bytes(left).lexicographicallyPrecedes(bytes(right)) ? left : right
    }

    private func prepare() throws {
        try dictionaries.background.reclaim()
        try dictionaries.flush()
    }

    private func bytes(_ text: Int64) throws -> [UInt8] { Array((try dictionaries.texts.text(text) ?? "").utf8) }

    private func least<Key: TupleKey>(_ left: Int64, _ right: Int64, _ reader: TupleReader<Key>) throws -> Int64 {
        if left == right { return left }
        try prepare()
        let (a, b) = (try reader.key(left)?.words ?? Key().words, try reader.key(right)?.words ?? Key().words)
        for (place, column) in Key.columns.enumerated() where a[place] != b[place] {
            if RecordPrecedence.plain.contains(column) { return a[place] < b[place] ? left : right }
            // Known protocols have numbers of their own, others that of their text behind those.
            let shift: Int64 = column == "protocol" ? 16 : 0
            if shift > 0, a[place] < shift || b[place] < shift { return a[place] < b[place] ? left : right }
            return try bytes(a[place] - shift).lexicographicallyPrecedes(bytes(b[place] - shift)) ? left : right
        }
        return left
    }
}
