internal import CSQLiteBatch
internal import GRDB

/// Integers in memory that SQLite reads as a table of one connection, with the columns `c0`…: one INSERT … SELECT writes them all, at a third
/// of what a statement for each costs.
final class IntegerTable {
    let name: String
    let columns: Int
    private let description: UnsafeMutablePointer<twin_batch>

    /// `name`: what the table's begins with; two of one name would be taken for one another.
    init(_ name: String, columns: Int, in database: Database) throws {
        self.columns = columns
        description = .allocate(capacity: 1)
        self.name = "\(name)_\(UInt(bitPattern: description))"
        description.initialize(to: twin_batch())
        description.pointee.columns = Int32(columns)
        let status = twin_batch_register(database.sqliteConnection, self.name, description)
        guard status == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: status)) }
    }

    deinit {
        description.deallocate()
    }

    /// The columns, as a statement selects them.
    var selection: String { (0..<columns).map { "c\($0)" }.joined(separator: ", ") }

    /// Runs `body`, which finds `words` in the table, row after row.
    func show(_ words: [Int64], _ body: () throws -> Void) rethrows {
        try words.withUnsafeBufferPointer { words in
            description.pointee.integers = words.baseAddress
            description.pointee.rows = Int64(words.count / columns)
            defer {
                description.pointee.integers = nil
                description.pointee.rows = 0
            }
            try body()
        }
    }
}
