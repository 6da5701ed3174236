/// What a text names as a host: an address or a domain name, in the one form in which it compares.
///
/// Two texts that name the same host have equal values: `2001:DB8:0::7`, `[2001:db8::7]` and `2001:db8::7`; `::ffff:192.0.2.1` and
/// `192.0.2.1`, since a dual-stack socket reports the same peer either way; `Wiki.Example.` and `wiki.example`; `straße.example` and
/// `xn--strae-oqa.example`. Filters, joins and policy compare these values, never the texts.
public enum HostName: Hashable, Sendable {
    case address(IPAddress)
    /// By `DomainName.normalized`. Also every text that is neither an address nor a name that the DNS can carry.
    case name(String)

    /// Brackets around an IPv6 address are passed over, and so is a zone (`fe80::1%eth0`): it says by which interface of the host that wrote
    /// it, and not which address.
    public init(_ text: some StringProtocol) {
        var inside = String(text)
        if inside.utf8.count > 2, inside.utf8.first == UInt8(ascii: "["), inside.utf8.last == UInt8(ascii: "]") {
            let bare = String(inside.dropFirst().dropLast())
            if bare.utf8.contains(UInt8(ascii: ":")) { inside = bare }
        }
        if let address = IPAddress(inside) {
            self = .address(address)
        } else if let address = HostName.zoned(inside) {
            self = .address(address)
        } else {
            // With the dot of the root taken off, a name may turn out to be an address.
            let name = DomainName.normalized(String(text))
            self = IPAddress(name).map(HostName.address) ?? .name(name)
        }
    }

    /// The address of a text that is an IPv6 address and a zone.
    private static func zoned(_ text: String) -> IPAddress? {
        let bytes = text.utf8
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "%")), bytes[..<mark].contains(UInt8(ascii: ":")) else { return nil }
        let zone = bytes[bytes.index(after: mark)...]
        guard !zone.isEmpty, !zone.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "/") }) else { return nil }
        return IPAddress(text[..<mark])
    }

    /// The address, when it is one.
    public var address: IPAddress? {
        if case .address(let address) = self { address } else { nil }
    }

    /// The canonical text: RFC 5952 or dotted decimal for an address, the A-label in lower case without a trailing dot for a name.
    public static func canonical(_ text: some StringProtocol) -> String {
        HostName(text).description
    }
}

extension HostName: CustomStringConvertible {
    public var description: String {
        switch self {
        case .address(let address): address.description
        case .name(let name): name
        }
    }
}
