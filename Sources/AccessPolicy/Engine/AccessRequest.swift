public import FlowModel

/// What a client asked for.
public enum Destination: Hashable, Sendable {
    /// A domain name in any case, with or without a trailing dot; empty = not recorded.
    case name(String)
    case address(IPAddress)

    /// Text that is an address is one; anything else is a name.
    public init(_ text: String) {
        self = IPAddress(text).map(Destination.address) ?? .name(text)
    }
}

/// Where a request came from, as far as the record says.
public struct LocationEvidence: Hashable, Sendable {
    /// Code or name, as the record gives it.
    public var country: String

    public init(country: String) {
        self.country = country
    }

    /// Reads the JSON text that Connectors log: `{"geoip":{"country":"DE",…}}`. Nil when it names no country.
    public init?(json text: String) {
        guard let root = try? DocumentNode.read(Array(text.utf8), file: ""),
            let country = (root["geoip"] ?? root)["country"], case .scalar(let name, _) = country.content, !name.isEmpty
        else { return nil }
        self.country = name
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
    /// When this principal was last recorded using this Resource; nil = not known, and then nothing is locked.
    public var lastAccess: Timestamp?
    public var at: Timestamp

    public init(
        principal: PrincipalReference?, serviceKeyID: String? = nil, destination: Destination,
        resolvedAddress: IPAddress? = nil, transport: TransportProtocol?, port: UInt16?, connectorID: String? = nil,
        networkID: String? = nil, deviceID: String? = nil, location: LocationEvidence? = nil,
        lastAccess: Timestamp? = nil, at: Timestamp
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
        self.lastAccess = lastAccess
        self.at = at
    }
}
