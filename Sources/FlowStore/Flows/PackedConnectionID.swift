internal import FlowModel
internal import GRDB

/// Connection ids as they stand in `flow_fact`: those of a usual form as the bytes that their hexadecimal digits mean, about half as long,
/// all others as text. The length of the bytes tells the form:
///
/// | bytes | form |
/// |---|---|
/// | 8 | `01234567-89ab-cdef` |
/// | 9 to 15 | `0123456789abcdef-` and one to seven decimal digits, which stand behind the first eight bytes as they are |
/// | 16 | a UUID |
enum PackedConnectionID {
    private static let maxBytes = 16
    /// Digits of the first part of the second form, and decimal digits of its last.
    private static let hashDigits = 16
    private static let decimalDigits = 1...7

    /// SQL that gives the text of a column.
    static func text(_ column: String) -> String {
        let digits = "lower(hex(\(column)))"
        func grouped(_ groups: [Int]) -> String {
            var start = 1
            return groups.map { count in
                defer { start += count }
                return "substr(\(digits), \(start), \(count))"
            }.joined(separator: " || '-' || ")
        }
        return """
            CASE WHEN typeof(\(column)) <> 'blob' THEN \(column) ELSE CASE length(\(column))
                WHEN 16 THEN \(grouped([8, 4, 4, 4, 12]))
                WHEN 8 THEN \(grouped([8, 4, 4]))
                ELSE substr(\(digits), 1, 16) || '-' || CAST(substr(\(column), 9) AS TEXT)
            END END
            """
    }

    /// Writes the bytes that an id packs into to `target`, which has room for 16; gives their number, 0 for an id that is kept as text.
    @inline(__always)
    static func pack(_ id: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<UInt8>) -> Int {
        let dash: UInt8 = 0x2d
        let decimals = id.count - hashDigits - 1
        if decimalDigits.contains(decimals), id[hashDigits] == dash {
            guard packDigits(id, 0..<hashDigits, into: target) else { return 0 }
            for index in 0..<decimals {
                let byte = id[hashDigits + 1 + index]
                guard byte >= 0x30, byte <= 0x39 else { return 0 }
                target[8 + index] = byte
            }
            return 8 + decimals
        }
        if id.count == 36, id[8] == dash, id[13] == dash, id[18] == dash, id[23] == dash {
            let isPacked =
                packDigits(id, 0..<8, into: target) && packDigits(id, 9..<13, into: target + 4)
                && packDigits(id, 14..<18, into: target + 6) && packDigits(id, 19..<23, into: target + 8)
                && packDigits(id, 24..<36, into: target + 10)
            return isPacked ? 16 : 0
        }
        if id.count == 18, id[8] == dash, id[13] == dash {
            let isPacked =
                packDigits(id, 0..<8, into: target) && packDigits(id, 9..<13, into: target + 4)
                && packDigits(id, 14..<18, into: target + 6)
            return isPacked ? 8 : 0
        }
        return 0
    }

    @inline(__always)
    private static func packDigits(
        _ id: UnsafeRawBufferPointer, _ range: Range<Int>, into target: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        var place = 0
        var index = range.lowerBound
        while index < range.upperBound {
            guard let high = value(id[index]), let low = value(id[index + 1]) else { return false }
            target[place] = high << 4 | low
            place += 1
            index += 2
        }
        return true
    }

    /// Of a lower-case hexadecimal digit.
    @inline(__always)
    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    /// The id that packs into these bytes; nil when no id does.
    static func unpack(_ bytes: UnsafeRawBufferPointer) -> ConnectionID? {
        guard bytes.count >= 8, bytes.count <= maxBytes else { return nil }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        let isGrouped = bytes.count == 8 || bytes.count == 16
        for index in 0..<(isGrouped ? bytes.count : 8) {
            // A UUID's groups end with its fourth, sixth, eighth and tenth byte; the short form has the first of them.
            if isGrouped, index == 4 || index == 6 || (bytes.count == 16 && (index == 8 || index == 10)) { text.append(0x2d) }
            text.append(digits[Int(bytes[index] >> 4)])
            text.append(digits[Int(bytes[index] & 15)])
        }
        if !isGrouped {
            text.append(0x2d)
            text.append(contentsOf: bytes[8...])
        }
        return text.withUnsafeBytes { ConnectionID($0) }
    }

    /// A condition that the column is this id.
    static func condition(_ column: String, is text: String) -> (sql: String, arguments: StatementArguments) {
        var copy = text
        let packed = copy.withUTF8 { id in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: maxBytes) { target in
                target.baseAddress.map { Array(target[..<pack(UnsafeRawBufferPointer(id), into: $0)]) } ?? []
            }
        }
        if packed.isEmpty { return ("\(column) = ?", [text]) }
        let digits = packed.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return ("\(column) = x'\(digits)'", [])
    }

    /// The id in a column of a row.
    static func read(_ statement: RawStatement, _ column: Int32) -> ConnectionID {
        if statement.isBlob(column) { return statement.withBlob(column) { unpack($0) } ?? ConnectionID() }
        return statement.withText(column) { ConnectionID($0) } ?? ConnectionID()
    }
}
