public import AccessPolicy
public import FlowModel

/// Connections of one principal to one destination and port that a policy allows, and that records show were asked for, whether they
/// were carried or not.
public struct RecordedUse: Sendable {
    public var principal: PrincipalReference
    public var serviceKeyID: String?
    /// The Resource that the policy selects.
    public var resourceID: String
    /// Names in their comparable form.
    public var destination: Destination
    /// Nil when the records do not say.
    public var transport: TransportProtocol?
    public var port: UInt16?
    /// Every group or account whose grant allowed one of the flows.
    public var subjects: Set<AccessEdge.Subject>
    public var flows: Int64 = 0
    public var firstSeen = Timestamp.distantFuture
    public var lastSeen = Timestamp.distantPast

    public init(
        principal: PrincipalReference, serviceKeyID: String? = nil, resourceID: String, destination: Destination,
        transport: TransportProtocol?, port: UInt16?, subjects: Set<AccessEdge.Subject>
    ) {
        self.principal = principal
        self.serviceKeyID = serviceKeyID
        self.resourceID = resourceID
        self.destination = destination
        self.transport = transport
        self.port = port
        self.subjects = subjects
    }
}

/// What a period used of the policies that were asked.
public struct UseReport: Sendable {
    /// In no order.
    public internal(set) var uses: [RecordedUse] = []
    /// The policies that were asked about any flow, in the order of time.
    public internal(set) var policies: [CompiledPolicy] = []
    public internal(set) var flows: Int64 = 0
    /// Of these, what the policies deny.
    public internal(set) var denied: Int64 = 0
    /// Of these, what no policy could decide.
    public internal(set) var undecided: Int64 = 0
    public internal(set) var first: Timestamp?
    public internal(set) var last: Timestamp?

    public init() {}
}
