internal import CSQLiteBatch
internal import GRDB

/// Rows in memory that SQLite reads as the table `incoming_flow` of one connection: `c0`… and the text or blob `t`.
final class BatchTable {
    static let name = "incoming_flow"

    private let description: UnsafeMutablePointer<twin_batch>

    init(columns: Int, in database: Database) throws {
        description = .allocate(capacity: 1)
        description.initialize(to: twin_batch())
        description.pointee.columns = Int32(columns)
        let status = twin_batch_register(database.sqliteConnection, BatchTable.name, description)
        guard status == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: status)) }
    }

    deinit {
        description.deallocate()
    }

    /// Runs `body`, which finds the rows in the table.
    func show(_ rows: RowBuffer, _ body: () throws -> Void) rethrows {
        description.pointee.integers = UnsafePointer(rows.values)
        description.pointee.ends = UnsafePointer(rows.ends)
        description.pointee.text = UnsafePointer(rows.text)
        description.pointee.rows = Int64(rows.count)
        defer {
            description.pointee.rows = 0
            description.pointee.integers = nil
            description.pointee.ends = nil
            description.pointee.text = nil
        }
        try body()
    }
}
