public import FlowModel

/// What a record says about one flow, as far as judging it needs.
public struct FlowFacts: Hashable, Sendable {
    public var principal: PrincipalReference?
    public var serviceKeyID: String?
    /// The name or address that was asked for, as recorded; where it is empty the address that was connected to counts.
    public var destination: String
    public var resourceIP: IPAddress?
    public var transport: TransportProtocol?
    public var port: UInt16?
    public var connectorID: String?
    public var networkID: String?
    public var deviceID: String?
    public var location: LocationEvidence?
    /// The Resource that the record names.
    public var recordedResourceID: String?
    /// The definition that the record says matched; used where the record names no Resource.
    public var appliedRule: String?
    public var outcome: RecordedOutcome
    public var startedAt: Timestamp
    /// Nil when the flow has no length (refused or failed) or its end is not known; give the end of the records for one still open.
    public var endedAt: Timestamp?
    /// The policy version that the Connector says it enforced, where the journal names one.
    public var recordedPolicyVersion: Int64?
    /// The digest of that policy, in hexadecimal.
    public var recordedPolicyDigest: String?
    /// When this principal was last recorded using each Resource, before this flow.
    public var lastUses: LastUses

    public init(
        principal: PrincipalReference?, serviceKeyID: String? = nil, destination: String, resourceIP: IPAddress? = nil,
        transport: TransportProtocol?, port: UInt16?, connectorID: String? = nil, networkID: String? = nil,
        deviceID: String? = nil, location: LocationEvidence? = nil, recordedResourceID: String? = nil,
        appliedRule: String? = nil, outcome: RecordedOutcome, startedAt: Timestamp, endedAt: Timestamp? = nil,
        recordedPolicyVersion: Int64? = nil, recordedPolicyDigest: String? = nil, lastUses: LastUses = .none
    ) {
        self.principal = principal
        self.serviceKeyID = serviceKeyID
        self.destination = destination
        self.resourceIP = resourceIP
        self.transport = transport
        self.port = port
        self.connectorID = connectorID
        self.networkID = networkID
        self.deviceID = deviceID
        self.location = location
        self.recordedResourceID = recordedResourceID
        self.appliedRule = appliedRule
        self.outcome = outcome
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.recordedPolicyVersion = recordedPolicyVersion
        self.recordedPolicyDigest = recordedPolicyDigest
        self.lastUses = lastUses
    }

    /// The question that the flow's start put to the policy.
    public var request: AccessRequest {
        let asked = destination.isEmpty ? resourceIP.map(Destination.address) ?? .name("") : Destination(destination)
        return AccessRequest(
            principal: principal, serviceKeyID: serviceKeyID, destination: asked, resolvedAddress: resourceIP,
            transport: transport, port: port, connectorID: connectorID, networkID: networkID, deviceID: deviceID,
            location: location, lastUses: lastUses, at: startedAt)
    }
}
