/// A CIDR block: an address whose bits after the prefix are zero, and the length of the prefix.
public struct AddressBlock: Hashable, Sendable {
    public let base: IPAddress
    /// 0…32 for IPv4, 0…128 for IPv6.
    public let prefixLength: Int

    public enum Problem: Error, Hashable, Sendable {
        case notAnAddress
        case badPrefix
        /// Bits after the prefix are set; the block that was probably meant is `suggestion`.
        case hostBits(suggestion: String)
    }

    public init(base: IPAddress, prefixLength: Int) throws(Problem) {
        guard prefixLength >= 0, prefixLength <= base.bitWidth else { throw .badPrefix }
        let masked = AddressBlock.mask(base, prefixLength)
        guard masked == base else { throw .hostBits(suggestion: "\(masked)/\(prefixLength)") }
        self.base = base
        self.prefixLength = prefixLength
    }

    /// Reads `10.20.0.0/16`; an address without a prefix is the block of that one address.
    public init(_ text: some StringProtocol) throws(Problem) {
        guard let slash = text.firstIndex(of: "/") else {
            guard let address = IPAddress(text) else { throw .notAnAddress }
            try self.init(base: address, prefixLength: address.bitWidth)
            return
        }
        guard let address = IPAddress(text[..<slash]) else { throw .notAnAddress }
        let digits = text[text.index(after: slash)...]
        guard !digits.isEmpty, digits.utf8.count <= 3, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            digits.utf8.count == 1 || digits.utf8.first != 48, var length = Int(digits)
        else { throw .badPrefix }
        // A block of IPv4-mapped IPv6 addresses is the IPv4 block inside.
        if address.family == .v4, text[..<slash].utf8.contains(UInt8(ascii: ":")) { length -= 96 }
        try self.init(base: address, prefixLength: length)
    }

    @inlinable
    public var isSingleAddress: Bool { prefixLength == base.bitWidth }

    @inlinable
    public func contains(_ address: IPAddress) -> Bool {
        address.family == base.family && AddressBlock.mask(address, prefixLength) == base
    }

    public func contains(_ other: AddressBlock) -> Bool {
        other.prefixLength >= prefixLength && contains(other.base)
    }

    public func overlaps(_ other: AddressBlock) -> Bool {
        contains(other) || other.contains(self)
    }

    /// `address` with all bits after the first `length` cleared.
    @inlinable
    public static func mask(_ address: IPAddress, _ length: Int) -> IPAddress {
        if address.family == .v4 {
            // Smart shifts: shifting by the whole width gives 0.
            return IPAddress(v4: UInt32(truncatingIfNeeded: address.low) & ~(UInt32.max >> UInt32(length)))
        }
        let high = length >= 64 ? UInt64.max : ~(UInt64.max >> UInt64(length))
        let low = length <= 64 ? 0 : ~(UInt64.max >> UInt64(length - 64))
        return IPAddress(high: address.high & high, low: address.low & low)
    }
}

extension AddressBlock: CustomStringConvertible {
    public var description: String {
        isSingleAddress ? base.description : "\(base)/\(prefixLength)"
    }
}
