import GRDB

/// Reads rows of a dictionary table by their numbers.
struct TupleReader<Key: TupleKey> {
    private let select: RawStatement

    init(_ database: Database) throws {
        select = try RawStatement(
            database, "SELECT \(Key.columns.joined(separator: ", ")) FROM \(Key.table) WHERE \(Key.idColumn) = ?")
    }

    /// Nil when there is no such row.
    func key(_ id: Int64) throws -> Key? {
        select.bind(1, id)
        defer { select.reset() }
        return try select.step() ? Key(select, from: 0) : nil
    }
}
