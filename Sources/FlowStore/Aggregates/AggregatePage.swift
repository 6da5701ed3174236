/// The sums over all time of neighbouring aggregates, as columns of integers; the blob of a row of `aggregate_page`.
///
/// Layout: for each column in the order of `Column`, one byte W, 0 to 56 or 64, the least value (8 bytes, little-endian), then for each of
/// the `aggregates` aggregates what its value exceeds that by, in W bits, the lowest first, without a gap. In place of `lastAt` stands what it exceeds
/// `firstAt` by. An aggregate without flows has zeros in all but its keys.
struct AggregatePage {
    enum Column: Int, CaseIterable {
        case client
        case destination
        case outcome
        case assessment
        case flows
        case open
        case bytesReceived
        case bytesTransferred
        case firstAt
        case lastAt
    }

    /// Aggregates in a page: page P is of the aggregates from P × 256 on.
    static let aggregates = 256
    private static let columns = Column.allCases.count
    /// Of a column before its values: their width and the least of them.
    private static let headBytes = 9

    /// Column after column.
    private var values = [Int64](repeating: 0, count: AggregatePage.columns * AggregatePage.aggregates)

    static func number(of aggregate: Int64) -> Int64 { aggregate >> 8 }
    static func place(of aggregate: Int64) -> Int { Int(aggregate & 255) }

    subscript(_ column: Column, _ place: Int) -> Int64 {
        get { values[column.rawValue * AggregatePage.aggregates + place] }
        set { values[column.rawValue * AggregatePage.aggregates + place] = newValue }
    }

    /// The page's values, `aggregates` of each column.
    func withColumns<Value>(_ body: (UnsafePointer<Int64>) throws -> Value) rethrows -> Value {
        // The list is never empty.
        try values.withUnsafeBufferPointer { try body($0.baseAddress.unsafelyUnwrapped) }
    }

    mutating func removeAll() {
        values.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        values.withUnsafeBufferPointer { values in
            let parts = (0..<AggregatePage.columns).map {
                UnsafeBufferPointer(rebasing: values[$0 * AggregatePage.aggregates..<($0 + 1) * AggregatePage.aggregates])
            }
            for column in Column.allCases where column != .lastAt { AggregatePage.append(parts[column.rawValue], to: &bytes) }
            withUnsafeTemporaryAllocation(of: Int64.self, capacity: AggregatePage.aggregates) { spans in
                let (first, last) = (parts[Column.firstAt.rawValue], parts[Column.lastAt.rawValue])
                for place in 0..<AggregatePage.aggregates { spans.initializeElement(at: place, to: last[place] &- first[place]) }
                AggregatePage.append(UnsafeBufferPointer(spans), to: &bytes)
            }
        }
    }

    private static func append(_ part: UnsafeBufferPointer<Int64>, to bytes: inout [UInt8]) {
        var least = Int64.max
        var most = Int64.min
        for value in part {
            least = min(least, value)
            most = max(most, value)
        }
        var width = UInt64.bitWidth - UInt64(bitPattern: most &- least).leadingZeroBitCount
        // So that a value is within eight bytes wherever it begins.
        if width > 56 { width = 64 }
        bytes.append(UInt8(width))
        withUnsafeBytes(of: least.littleEndian) { bytes.append(contentsOf: $0) }
        guard width > 0 else { return }
        var word: UInt64 = 0
        var filled = 0
        func put(_ word: UInt64) { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
        for value in part {
            let more = UInt64(bitPattern: value &- least)
            word |= more << UInt64(filled)
            filled += width
            guard filled >= 64 else { continue }
            put(word)
            filled -= 64
            // What did not fit; shifting by all bits gives nothing.
            word = more >> UInt64(width - filled)
        }
    }

    /// False when the bytes are no page.
    mutating func decode(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        for column in 0..<AggregatePage.columns {
            guard bytes.count - start >= AggregatePage.headBytes else { return false }
            let width = Int(bytes[start])
            let least = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 1, as: Int64.self))
            start += AggregatePage.headBytes
            let length = width * AggregatePage.aggregates / 8
            guard width <= 56 || width == 64, bytes.count - start >= length else { return false }
            values.withUnsafeMutableBufferPointer { values in
                let part = UnsafeMutableBufferPointer(
                    rebasing: values[column * AggregatePage.aggregates..<(column + 1) * AggregatePage.aggregates])
                AggregatePage.spread(bytes, start, width, least, part)
            }
            start += length
        }
        for place in 0..<AggregatePage.aggregates { self[.lastAt, place] &+= self[.firstAt, place] }
        return start == bytes.count
    }

    private static func spread(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ width: Int, _ least: Int64, _ part: UnsafeMutableBufferPointer<Int64>
    ) {
        guard width > 0 else { return part.update(repeating: least) }
        let mask = UInt64.max >> UInt64(64 - width)
        for place in 0..<part.count {
            let bit = place * width
            let offset = start + bit / 8
            var word: UInt64 = 0
            if offset + 8 <= bytes.count {
                word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            } else {
                for index in 0..<bytes.count - offset { word |= UInt64(bytes[offset + index]) << UInt64(index * 8) }
            }
            part[place] = least &+ Int64(bitPattern: word >> UInt64(bit % 8) & mask)
        }
    }
}
