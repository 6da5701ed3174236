/// An IPv4 or IPv6 address.
///
/// An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is read as the IPv4 address that it names, so that one host has one value.
/// Zone identifiers are not part of an address and are refused.
public struct IPAddress: Hashable, Sendable {
    public enum Family: UInt8, Sendable {
        case v4 = 4
        case v6 = 6
    }

    public let family: Family
    /// The upper 64 bits of an IPv6 address; 0 for IPv4.
    public let high: UInt64
    /// The lower 64 bits of an IPv6 address; the 32 bits of an IPv4 address.
    public let low: UInt64

    @inlinable
    public init(v4 bits: UInt32) {
        family = .v4
        high = 0
        low = UInt64(bits)
    }

    @inlinable
    public init(high: UInt64, low: UInt64) {
        let isMapped = high == 0 && low >> 32 == 0xffff
        family = isMapped ? .v4 : .v6
        self.high = high
        self.low = isMapped ? low & 0xffff_ffff : low
    }

    /// Bits in an address of this family: 32 or 128.
    @inlinable
    public var bitWidth: Int { family == .v4 ? 32 : 128 }
}

extension IPAddress: Comparable {
    /// IPv4 before IPv6, then by value.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        if left.family != right.family { return left.family == .v4 }
        return (left.high, left.low) < (right.high, right.low)
    }
}

/// What kind of place an address names, as far as auditing cares. Source: the IANA special-purpose address registries.
public enum AddressClass: String, Sendable, CaseIterable {
    case unspecified
    case loopback
    case linkLocal = "link-local"
    case multicast
    /// 100.64.0.0/10: the range that clients use for addresses they make up.
    case sharedClientRange = "client-range"
    /// RFC 1918 and unique local IPv6.
    case `private`
    case documentation
    case reserved
    case `public`
}

extension IPAddress {
    public var addressClass: AddressClass {
        family == .v4 ? IPAddress.classOfV4(UInt32(truncatingIfNeeded: low)) : classOfV6
    }

    private static func classOfV4(_ bits: UInt32) -> AddressClass {
        switch bits {
        case 0: .unspecified
        case _ where bits >> 24 == 127: .loopback
        case _ where bits >> 16 == 0xa9fe: .linkLocal
        case _ where bits >> 28 == 0xe: .multicast
        case _ where bits >> 22 == 0x6440_0000 >> 22: .sharedClientRange
        case _ where bits >> 24 == 10 || bits >> 20 == 0xac1 || bits >> 16 == 0xc0a8: .private
        case _ where bits >> 8 == 0xc0_00_02 || bits >> 8 == 0xc6_33_64 || bits >> 8 == 0xcb_00_71: .documentation
        case _ where bits >> 24 == 0 || bits >> 28 == 0xf || bits >> 17 == 0xc612 >> 1: .reserved
        default: .public
        }
    }

    private var classOfV6: AddressClass {
        if high == 0, low == 0 { return .unspecified }
        if high == 0, low == 1 { return .loopback }
        if high >> 54 == 0xfe80 >> 6 { return .linkLocal }
        if high >> 56 == 0xff { return .multicast }
        if high >> 57 == 0xfc >> 1 { return .private }
        if high >> 32 == 0x2001_0db8 { return .documentation }
        // 64:ff9b::/96 translates IPv4: the class is that of the address inside.
        if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 {
            return IPAddress.classOfV4(UInt32(truncatingIfNeeded: low))
        }
        return high >> 61 == 1 ? .public : .reserved
    }
}
