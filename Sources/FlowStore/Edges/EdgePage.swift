/// The sums over all time of neighbouring edges, as columns of integers; the blob of a row of `edge_page`.
///
/// Layout: for each column in the order of `Column`, one byte W ≤ 8, the least value (8 bytes, little-endian), then for each of the
/// `edges` edges what its value exceeds that by, in W bytes, little-endian. An edge without flows has zeros in all but its keys.
struct EdgePage {
    enum Column: Int, CaseIterable {
        case origin
        case target
        case outcome
        case judgement
        case flows
        case open
        case bytesReceived
        case bytesTransferred
        case firstAt
        case lastAt
    }

    /// Edges in a page: page P is of the edges from P × 256 on.
    static let edges = 256
    private static let columns = Column.allCases.count
    /// Of a column before its values: their width and the least of them.
    private static let headBytes = 9

    /// Column after column.
    private var values = [Int64](repeating: 0, count: EdgePage.columns * EdgePage.edges)

    static func number(of edge: Int64) -> Int64 { edge >> 8 }
    static func place(of edge: Int64) -> Int { Int(edge & 255) }

    subscript(_ column: Column, _ place: Int) -> Int64 {
        get { values[column.rawValue * EdgePage.edges + place] }
        set { values[column.rawValue * EdgePage.edges + place] = newValue }
    }

    /// The page's values, `edges` of each column.
    func withColumns<Value>(_ body: (UnsafePointer<Int64>) throws -> Value) rethrows -> Value {
        // The list is never empty.
        try values.withUnsafeBufferPointer { try body($0.baseAddress.unsafelyUnwrapped) }
    }

    mutating func removeAll() {
        values.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        for column in 0..<EdgePage.columns {
            let part = values[column * EdgePage.edges..<(column + 1) * EdgePage.edges]
            var least = Int64.max
            var most = Int64.min
            for value in part {
                least = min(least, value)
                most = max(most, value)
            }
            let width = (UInt64.bitWidth - UInt64(bitPattern: most &- least).leadingZeroBitCount + 7) / 8
            bytes.append(UInt8(width))
            withUnsafeBytes(of: least.littleEndian) { bytes.append(contentsOf: $0) }
            guard width > 0 else { continue }
            for value in part {
                withUnsafeBytes(of: UInt64(bitPattern: value &- least).littleEndian) { bytes.append(contentsOf: $0[..<width]) }
            }
        }
    }

    /// False when the bytes are no page.
    mutating func decode(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        for column in 0..<EdgePage.columns {
            guard bytes.count - start >= EdgePage.headBytes else { return false }
            let width = Int(bytes[start])
            let least = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 1, as: Int64.self))
            start += EdgePage.headBytes
            guard width <= 8, bytes.count - start >= width * EdgePage.edges else { return false }
            values.withUnsafeMutableBufferPointer { values in
                let part = UnsafeMutableBufferPointer(rebasing: values[column * EdgePage.edges..<(column + 1) * EdgePage.edges])
                EdgePage.spread(bytes, start, width, least, part)
            }
            start += width * EdgePage.edges
        }
        return start == bytes.count
    }

    private static func spread(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ width: Int, _ least: Int64, _ part: UnsafeMutableBufferPointer<Int64>
    ) {
        guard width > 0 else { return part.update(repeating: least) }
        let mask = UInt64.max >> UInt64(64 - width * 8)
        for place in 0..<part.count {
            let offset = start + place * width
            var word: UInt64 = 0
            if offset + 8 <= bytes.count {
                word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            } else {
                for index in 0..<width { word |= UInt64(bytes[offset + index]) << UInt64(index * 8) }
            }
            part[place] = least &+ Int64(bitPattern: word & mask)
        }
    }
}
