/// The values of JSON numbers, exactly.
enum JSONNumber {
    /// The value of an optional minus and digits; nil when it does not fit in 64 bits.
    static func integer(_ start: UnsafeRawPointer, _ count: Int) -> Int64? {
        let isNegative = count > 0 && start.load(as: UInt8.self) == UInt8(ascii: "-")
        var magnitude: UInt64 = 0
        for offset in (isNegative ? 1 : 0)..<max(count, isNegative ? 1 : 0) {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(start.load(fromByteOffset: offset, as: UInt8.self) &- 48))
            guard !overflow, !carry else { return nil }
            magnitude = sum
        }
        guard isNegative else { return Int64(exactly: magnitude) }
        return magnitude <= UInt64(Int64.max) + 1 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }

    /// Whether a number is written as an optional minus and digits, however many.
    static func isInteger(_ start: UnsafeRawPointer, _ count: Int) -> Bool {
        UnsafeRawBufferPointer(start: start, count: count).allSatisfy { $0 &- 48 <= 9 || $0 == UInt8(ascii: "-") }
    }

    /// The value of eight digits, the first in the lowest byte; nil when one of them is none.
    @inline(__always)
    static func eightDigits(_ word: UInt64) -> UInt64? {
        // Digits are 0x30…0x39: the upper half of each byte is 3, and stays 3 when 6 is added.
        let isDigits = (word & 0xf0f0_f0f0_f0f0_f0f0) | ((word &+ 0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0) &>> 4
        guard isDigits == 0x3333_3333_3333_3333 else { return nil }
        // Neighbours are joined: digits to pairs, pairs to fours, fours to eight.
        var value = word & 0x0f0f_0f0f_0f0f_0f0f
        value = (value &* (10 &<< 8 | 1)) &>> 8 & 0x00ff_00ff_00ff_00ff
        value = (value &* (100 &<< 16 | 1)) &>> 16 & 0x0000_ffff_0000_ffff
        return (value &* (10_000 &<< 32 | 1)) &>> 32
    }

    enum Reading: Equatable {
        case value(Int64)
        /// A number, but not a whole one.
        case fractional
        /// Does not fit in 64 bits.
        case outOfRange
    }

    /// The value of a number in any of RFC 8259's forms: `443.0`, `1e3` and `4430e-1` are whole numbers, `443.5` is none.
    static func whole(_ start: UnsafeRawPointer, _ count: Int) -> Reading {
        var digits: [UInt8] = []
        var isNegative = false
        var exponent = 0
        var seenPoint = false
        var position = 0
        func byte(_ offset: Int) -> UInt8 { start.load(fromByteOffset: offset, as: UInt8.self) }
        if position < count, byte(position) == UInt8(ascii: "-") {
            isNegative = true
            position += 1
        }
        while position < count, byte(position) | 0x20 != UInt8(ascii: "e") {
            if byte(position) == UInt8(ascii: ".") {
                seenPoint = true
            } else {
                if !digits.isEmpty || byte(position) != 48 { digits.append(byte(position) - 48) }
                if seenPoint { exponent -= 1 }
            }
            position += 1
        }
        if position < count {
            position += 1
            let sign = byte(position) == UInt8(ascii: "-") ? -1 : 1
            if byte(position) == UInt8(ascii: "-") || byte(position) == UInt8(ascii: "+") { position += 1 }
            var written = 0
            while position < count {
                written = min(written * 10 + Int(byte(position)) - 48, 1 << 40)
                position += 1
            }
            exponent += sign * written
        }
        while exponent < 0, digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        guard !digits.isEmpty else { return .value(0) }
        guard exponent >= 0 else { return .fractional }
        guard digits.count + exponent <= 19 else { return .outOfRange }
        var magnitude: UInt64 = 0
        for digit in digits { magnitude = magnitude * 10 + UInt64(digit) }
        for _ in 0..<exponent { magnitude *= 10 }
        if isNegative {
            return magnitude <= UInt64(Int64.max) + 1 ? .value(Int64(truncatingIfNeeded: 0 &- magnitude)) : .outOfRange
        }
        return Int64(exactly: magnitude).map(Reading.value) ?? .outOfRange
    }
}
