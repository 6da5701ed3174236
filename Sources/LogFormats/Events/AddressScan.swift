import FlowModel

/// Addresses as logs write them.
enum AddressScan {
    /// Dotted decimal by the rules of `IPAddress`; nil for anything else.
    @inline(__always)
    static func v4(_ start: UnsafeRawPointer, _ count: Int) -> UInt32? {
        guard count >= 7, count <= 15 else { return nil }
        var value: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var dots = 0
        var position = start
        let end = start + count
        while position < end {
            let digit = UInt32(position.load(as: UInt8.self)) &- 48
            if digit <= 9 {
                // No leading zeros.
                if digits > 0 && octet == 0 { return nil }
                octet = octet &* 10 &+ digit
                digits &+= 1
                if octet > 255 { return nil }
            } else {
                guard digit == UInt32(UInt8(ascii: ".")) &- 48, digits > 0 else { return nil }
                value = value &<< 8 | octet
                octet = 0
                digits = 0
                dots &+= 1
            }
            position += 1
        }
        return dots == 3 && digits > 0 ? value &<< 8 | octet : nil
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
