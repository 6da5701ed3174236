public import FlowModel

/// What a client asked for.
public enum Destination: Hashable, Sendable {
    /// A domain name in any case, with or without a trailing dot; empty = not recorded.
    case name(String)
    case address(IPAddress)

    /// Text that is an address is one, in any of the spellings that records have; anything else is a name.
    public init(_ text: String) {
        self = IPAddress(recorded: text).map(Destination.address) ?? .name(text)
    }
}

extension IPAddress {
    /// An address as records and people spell it: besides its proper forms those of `HostName`.
    public init?(recorded text: String) {
        if let address = IPAddress(text) {
            self = address
            return
        }
        // Hardly any other text can be one: the forms that are left have brackets, a last dot, a zone, or are not ASCII.
        guard
            text.utf8.first == UInt8(ascii: "[") || text.utf8.last == UInt8(ascii: ".")
                || text.utf8.contains(where: { $0 == 37 || $0 >= 0x80 })
        else { return nil }
        let isV6 = text.utf8.contains(UInt8(ascii: ":"))
        // A dot behind IPv6 makes it a name; within a zone it is the zone's.
        let isRooted = isV6 && text.utf8.last == UInt8(ascii: ".") && !text.utf8.contains(UInt8(ascii: "%"))
        guard case .address(let address) = HostName(text), !isRooted else { return nil }
        self = address
    }
}

/// Where a request came from, as far as the record says.
public struct LocationEvidence: Hashable, Sendable {
    /// Code or name, as the record gives it.
    public var country: String

    public init(country: String) {
        self.country = country
    }
}

/// One question to the engine: may this principal reach that destination through this Connector at this moment?
///
/// Nil means that the record does not say; the step that would need it is then passed, or the answer is marked undecidable.
public struct AccessRequest: Hashable, Sendable {
    public var principal: PrincipalReference?
    /// The key that a service account presented.
    public var serviceKeyID: String?
    public var destination: Destination
    /// The address that the Connector connected to.
    public var resolvedAddress: IPAddress?
    public var transport: TransportProtocol?
    /// Of no meaning for ICMP.
    public var port: UInt16?
    public var connectorID: String?
    /// The Remote network as recorded; used only when no Connector is named.
    public var networkID: String?
    public var deviceID: String?
    public var location: LocationEvidence?
    /// When this principal last used each of the Resources that may be chosen.
    public var lastUses: LastUses
    public var at: Timestamp

    public init(
        principal: PrincipalReference?, serviceKeyID: String? = nil, destination: Destination,
        resolvedAddress: IPAddress? = nil, transport: TransportProtocol?, port: UInt16?, connectorID: String? = nil,
        networkID: String? = nil, deviceID: String? = nil, location: LocationEvidence? = nil,
        lastUses: LastUses = .none, at: Timestamp
    ) {
        self.principal = principal
        self.serviceKeyID = serviceKeyID
        self.destination = destination
        self.resolvedAddress = resolvedAddress
        self.transport = transport
        self.port = port
        self.connectorID = connectorID
        self.networkID = networkID
        self.deviceID = deviceID
        self.location = location
        self.lastUses = lastUses
        self.at = at
    }
}
