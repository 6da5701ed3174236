import FlowModel

/// Addresses as logs write them.
enum AddressScan {
    /// Dotted decimal by the rules of `IPAddress`; nil for anything else.
    @inline(__always)
    static func v4(_ start: UnsafeRawPointer, _ count: Int) -> UInt32? {
        guard count >= 7, count <= 15 else { return nil }
        // The text in two words, eaten from the low end; a zero byte stands behind it.
        var low: UInt64
        var high: UInt64
        if count >= 8 {
            low = ByteScan.load(start)
            high = ByteComparison.word(start + 8, count - 8, backwards: true)
        } else {
            low = ByteComparison.word(start, count, backwards: false)
            high = 0
        }
        var value: UInt32 = 0
        for part in 0..<4 {
            let first = (low & 0xff) &- 48
            let second = (low &>> 8 & 0xff) &- 48
            let third = (low &>> 16 & 0xff) &- 48
            guard first <= 9 else { return nil }
            let octet: UInt64
            let length: UInt64
            if second > 9 {
                (octet, length) = (first, 1)
            } else if third > 9 {
                (octet, length) = (first &* 10 &+ second, 2)
            } else {
                (octet, length) = (first &* 100 &+ second &* 10 &+ third, 3)
            }
            // No leading zeros, no more than a byte.
            guard octet <= 255, length == 1 || first != 0 else { return nil }
            value = value &<< 8 | UInt32(truncatingIfNeeded: octet)
            let mark = low &>> (8 &* length) & 0xff
            guard mark == (part == 3 ? 0 : UInt64(UInt8(ascii: "."))) else { return nil }
            let shift = 8 &* (length &+ 1)
            low = low &>> shift | high &<< (64 &- shift)
            high = high &>> shift
        }
        // A zero byte in the text itself is not its end.
        return low | high == 0 && lengthOfV4(value) == count ? value : nil
    }

    /// Characters that the address takes in dotted decimal.
    @inline(__always)
    private static func lengthOfV4(_ bits: UInt32) -> Int {
        var length = 7
        for part in 0..<4 {
            let octet = bits &>> UInt32(truncatingIfNeeded: 8 &* part) & 255
            length &+= (octet > 9 ? 1 : 0) &+ (octet > 99 ? 1 : 0)
        }
        return length
    }

    /// `203.0.113.7`, `203.0.113.7:41000`, `2001:db8::7`, `[2001:db8::7]:41000`, `[2001:db8::7]`.
    static func endpoint(_ bytes: UnsafeRawBufferPointer) -> (IPAddress, UInt16?)? {
        if let address = IPAddress.parse(bytes) { return (address, nil) }
        if bytes.first == UInt8(ascii: "["), let close = bytes.lastIndex(of: UInt8(ascii: "]")) {
            let inside = UnsafeRawBufferPointer(rebasing: bytes[1..<close])
            guard inside.contains(UInt8(ascii: ":")), let address = IPAddress.parse(inside) else { return nil }
            if close == bytes.count - 1 { return (address, nil) }
            guard bytes[close + 1] == UInt8(ascii: ":"), let port = port(bytes[(close + 2)...]) else { return nil }
            return (address, port)
        }
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            let address = parseV4(UnsafeRawBufferPointer(rebasing: bytes[..<colon])),
            let port = port(bytes[(colon + 1)...])
        else { return nil }
        return (address, port)
    }

    private static func parseV4(_ bytes: UnsafeRawBufferPointer) -> IPAddress? {
        bytes.baseAddress.flatMap { v4($0, bytes.count) }.map(IPAddress.init(v4:))
    }

    /// Decimal digits without a sign, 0…65535.
    static func port(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt16? {
        guard !digits.isEmpty, digits.count <= 5 else { return nil }
        var value = 0
        for byte in digits {
            guard byte &- 48 <= 9 else { return nil }
            value = value * 10 + Int(byte &- 48)
        }
        return UInt16(exactly: value)
    }
}
