internal import CSQLiteBatch
internal import GRDB

/// Rows in memory that SQLite reads as the table `incoming_flow` of one connection: `c0`… and the text `t`.
final class BatchTable {
    /// NULL among the integers.
    static let null = Int64.min
    static let name = "incoming_flow"

    let columns: Int
    private let capacity: Int
    private let description: UnsafeMutablePointer<twin_batch>
    private let values: UnsafeMutablePointer<Int64>
    private let ends: UnsafeMutablePointer<UInt32>
    private var text: [UInt8] = []
    private(set) var count = 0

    /// `capacity`: the most rows that it holds at once.
    init(columns: Int, capacity: Int) {
        self.columns = columns
        self.capacity = capacity
        values = .allocate(capacity: columns * capacity)
        ends = .allocate(capacity: capacity)
        description = .allocate(capacity: 1)
        description.initialize(to: twin_batch())
        description.pointee.columns = Int32(columns)
        description.pointee.ends = UnsafePointer(ends)
        withUnsafeMutableBytes(of: &description.pointee.integers) { bytes in
            let pointers = bytes.bindMemory(to: Optional<UnsafePointer<Int64>>.self)
            for column in 0..<columns { pointers[column] = UnsafePointer(values + column * capacity) }
        }
    }

    deinit {
        values.deallocate()
        ends.deallocate()
        description.deallocate()
    }

    func register(in database: Database) throws {
        let status = twin_batch_register(database.sqliteConnection, BatchTable.name, description)
        guard status == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: status)) }
    }

    var isFull: Bool { count == capacity }

    /// Appends a row; `fill` is given the place of column c: `place(c)`.
    func append(_ row: (UnsafeMutablePointer<Int64>, Int) -> Void, text bytes: UnsafeRawBufferPointer) {
        row(values + count, capacity)
        text.append(contentsOf: bytes)
        ends[count] = UInt32(text.count)
        count += 1
    }

    /// Runs `body`, which reads the table, and empties the table.
    func drain(_ body: () throws -> Void) rethrows {
        defer {
            count = 0
            text.removeAll(keepingCapacity: true)
            description.pointee.rows = 0
            description.pointee.text = nil
        }
        try text.withUnsafeBufferPointer { bytes in
            description.pointee.rows = Int64(count)
            description.pointee.text = bytes.baseAddress
            try body()
        }
    }
}
