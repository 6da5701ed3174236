/// Rows of integers, each with a text or blob, one behind the other in memory; a `BatchTable` shows them to SQLite.
final class RowBuffer {
    /// NULL among the integers.
    static let null = Int64.min

    let columns: Int
    private let capacity: Int
    let values: UnsafeMutablePointer<Int64>
    /// Where each row's text ends, and whether it is a blob.
    let ends: UnsafeMutablePointer<UInt32>
    private(set) var text: UnsafeMutablePointer<UInt8>
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
    }

    deinit {
        values.deallocate()
        ends.deallocate()
        text.deallocate()
    }

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
        ends[count] = UInt32(textCount) | (areBlob ? RowBuffer.blobFlag : 0)
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

    func removeAll() {
        count = 0
        textCount = 0
    }
}
