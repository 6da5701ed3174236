/// Text forms of addresses. Sources: RFC 4291 §2.2 (reading), RFC 5952 (writing), and dotted decimal without leading zeros for
/// IPv4.
extension IPAddress {
    public init?(_ text: some StringProtocol) {
        var copy = String(text)
        let value = copy.withUTF8 { IPAddress.parse(UnsafeRawBufferPointer($0)) }
        guard let value else { return nil }
        self = value
    }

    public static func parse(_ bytes: UnsafeRawBufferPointer) -> IPAddress? {
        for byte in bytes {
            if byte == UInt8(ascii: ":") { return parseV6(bytes) }
            if byte == UInt8(ascii: ".") { return parseV4(bytes).map(IPAddress.init(v4:)) }
        }
        return nil
    }

    private static func parseV4(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        guard bytes.count >= 7, bytes.count <= 15 else { return nil }
        var value: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var dots = 0
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                guard digits > 0, dots < 3 else { return nil }
                value = value << 8 | octet
                octet = 0
                digits = 0
                dots += 1
                continue
            }
            let digit = byte &- 48
            guard digit <= 9, digits < 3, !(digits > 0 && octet == 0) else { return nil }
            octet = octet * 10 + UInt32(digit)
            guard octet <= 255 else { return nil }
            digits += 1
        }
        guard digits > 0, dots == 3 else { return nil }
        return value << 8 | octet
    }

    private static func parseV6(_ bytes: UnsafeRawBufferPointer) -> IPAddress? {
        guard bytes.count >= 2, bytes.count <= 45 else { return nil }
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap = -1
        var index = 0
        if bytes[0] == UInt8(ascii: ":") {
            guard bytes[1] == UInt8(ascii: ":") else { return nil }
            gap = 0
            index = 2
        }
        while index < bytes.count {
            guard count < 8 else { return nil }
            let start = index
            var value: UInt32 = 0
            while index < bytes.count, let digit = hexDigit(bytes[index]) {
                guard index - start < 4 else { return nil }
                value = value << 4 | UInt32(digit)
                index += 1
            }
            if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
                guard count <= 6, let tail = parseV4(UnsafeRawBufferPointer(rebasing: bytes[start...])) else { return nil }
                groups[count] = UInt16(tail >> 16)
                groups[count + 1] = UInt16(tail & 0xffff)
                count += 2
                index = bytes.count
                break
            }
            guard index > start else { return nil }
            groups[count] = UInt16(value)
            count += 1
            guard index < bytes.count else { break }
            guard bytes[index] == UInt8(ascii: ":") else { return nil }
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: ":") {
                guard gap < 0 else { return nil }
                gap = count
                index += 1
            } else if index == bytes.count {
                return nil
            }
        }
        guard gap >= 0 ? count < 8 : count == 8 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for position in 0..<8 {
            let group: UInt16
            if gap < 0 || position < gap {
                group = position < count ? groups[position] : 0
            } else {
                let fromEnd = 8 - position
                group = fromEnd <= count - gap ? groups[count - fromEnd] : 0
            }
            if position < 4 { high = high << 16 | UInt64(group) } else { low = low << 16 | UInt64(group) }
        }
        return IPAddress(high: high, low: low)
    }
}

@inlinable
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 97...102: byte - 87
    case 65...70: byte - 55
    default: nil
    }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        if family == .v4 {
            return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
        }
        let groups = (0..<8).map { position in
            UInt16(truncatingIfNeeded: (position < 4 ? high : low) >> (48 - 16 * UInt64(position % 4)))
        }
        // The longest run of zero groups, the first of equals, at least two long, becomes "::".
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > best.count { best = start..<end }
            start = max(end, start + 1)
        }
        guard best.count >= 2 else { return hex(groups[...]) }
        return hex(groups[..<best.lowerBound]) + "::" + hex(groups[best.upperBound...])
    }

    private func hex(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }
}
