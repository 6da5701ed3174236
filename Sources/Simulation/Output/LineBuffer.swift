internal import FlowModel
internal import TextEncodings

/// Bytes of JSON lines in the making. One buffer is used over and over, so that a line costs no allocation.
struct LineBuffer: Sendable {
    var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(2_048) }

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// Text that needs no escaping.
    mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func raw(_ fragment: [UInt8]) { bytes.append(contentsOf: fragment) }

    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func number(_ value: Int) { number(Int64(value)) }

    mutating func number(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var digits: InlineArray<20, UInt8> = InlineArray(repeating: 0)
        var rest = value.magnitude
        var count = 0
        repeat {
            digits[count] = UInt8(truncatingIfNeeded: rest % 10) + 48
            rest /= 10
            count += 1
        } while rest > 0
        while count > 0 {
            count -= 1
            bytes.append(digits[count])
        }
    }

    /// Sixteen lower-case hexadecimal digits.
    mutating func hex(_ value: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let nibble = UInt8(truncatingIfNeeded: value >> UInt64(shift) & 15)
            bytes.append(nibble < 10 ? 48 + nibble : 87 + nibble)
        }
    }

    mutating func address(_ value: IPAddress) {
        guard value.family == .v4 else { return raw(value.description) }
        for shift in stride(from: 24, through: 0, by: -8) {
            number(Int64(value.low >> UInt64(shift) & 255))
            if shift > 0 { bytes.append(UInt8(ascii: ".")) }
        }
    }

    /// A JSON string with its quotes (RFC 8259 §7).
    mutating func string(_ text: String) {
        JSONEscapes.record.writeQuoted(text, into: &bytes)
    }

    static func fragment(_ make: (inout LineBuffer) -> Void) -> [UInt8] {
        var buffer = LineBuffer()
        make(&buffer)
        return buffer.bytes
    }
}
