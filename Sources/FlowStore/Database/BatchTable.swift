internal import CSQLiteBatch
internal import GRDB

/// Rows in memory that SQLite reads as the table `incoming_flow` of one connection: `c0`… and the text or blob `t`.
final class BatchTable {
    /// NULL among the integers.
    static let null = Int64.min
    static let name = "incoming_flow"

    let columns: Int
    private let capacity: Int
    private let description: UnsafeMutablePointer<twin_batch>
    private let values: UnsafeMutablePointer<Int64>
    private let ends: UnsafeMutablePointer<UInt32>
    private var text: UnsafeMutablePointer<UInt8>
    private var textCapacity: Int
    private var textCount = 0
    private(set) var count = 0

    /// `capacity`: the most rows that it holds at once.
    init(columns: Int, capacity: Int) {
        self.columns = columns
        self.capacity = capacity
        values = .allocate(capacity: columns * capacity)
        ends = .allocate(capacity: capacity)
        textCapacity = capacity * 16
        text = .allocate(capacity: textCapacity)
        description = .allocate(capacity: 1)
        description.initialize(to: twin_batch())
        description.pointee.columns = Int32(columns)
        description.pointee.ends = UnsafePointer(ends)
        description.pointee.integers = UnsafePointer(values)
    }

    deinit {
        values.deallocate()
        ends.deallocate()
        text.deallocate()
        description.deallocate()
    }

    func register(in database: Database) throws {
        let status = twin_batch_register(database.sqliteConnection, BatchTable.name, description)
        guard status == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: status)) }
    }

    var isFull: Bool { count == capacity }

    /// Room for the text of the next row: `most` bytes.
    @inline(__always)
    func textRoom(_ most: Int) -> UnsafeMutablePointer<UInt8> {
        if textCount + most > textCapacity { growText(by: most) }
        return text + textCount
    }

    /// Appends a row, of which `bytes` were written to the room for its text; `row` is given the place of its integers.
    @inline(__always)
    func append(_ row: (UnsafeMutablePointer<Int64>) -> Void, bytes: Int, areBlob: Bool) {
        row(values + count * columns)
        textCount += bytes
        ends[count] = UInt32(textCount) | (areBlob ? BatchTable.blobFlag : 0)
        count += 1
    }

    private static let blobFlag: UInt32 = 0x8000_0000

    private func growText(by more: Int) {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: (textCapacity + more) * 2)
        larger.update(from: text, count: textCount)
        text.deallocate()
        text = larger
        textCapacity = (textCapacity + more) * 2
    }

    /// Runs `body`, which reads the table, and empties the table.
    func drain(_ body: () throws -> Void) rethrows {
        defer { removeAll() }
        description.pointee.rows = Int64(count)
        description.pointee.text = UnsafePointer(text)
        try body()
    }

    func removeAll() {
        count = 0
        textCount = 0
        description.pointee.rows = 0
        description.pointee.text = nil
    }
}
