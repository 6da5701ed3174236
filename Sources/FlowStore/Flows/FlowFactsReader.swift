public import AccessPolicy
public import FlowModel
public import GRDB
import PolicyDocuments

/// Who a flow was for, and from where.
public struct ClientFacts: Sendable {
    public var principal: PrincipalReference?
    /// E-mail of a user, name of a service account.
    public var principalName: String?
    public var serviceKeyID: String?
    public var deviceID: String?
    public var clientIP: String?
    public var location: String?
    /// What `location` says to a policy.
    public var evidence: LocationEvidence?
}

/// What a flow was to, and through which Connector.
public struct DestinationFacts: Sendable {
    public var connectorID: String?
    public var connectorName: String?
    public var networkID: String?
    public var networkName: String?
    public var resourceID: String?
    public var address: String?
    public var appliedRule: String?
    /// Nil for protocols that the policy does not know.
    public var transport: TransportProtocol?
    public var port: UInt16?
}

/// The policy that a Connector said it enforced.
public struct RecordedPolicy: Hashable, Sendable {
    public var version: Int64?
    public var digest: String?
}

/// Looks up what the numbers in flows stand for, and remembers it.
public final class FlowFactsReader {
    /// Entries remembered of each kind; forgotten when more.
    private static let limit = 100_000

    private let texts: TextDictionary
    private let clientRows: TupleReader<ClientKey>
    private let destinationRows: TupleReader<DestinationKey>
    private let remarkRows: TupleReader<RemarkKey>
    private let selectConnection: RawStatement
    private var clients: [Int64: ClientFacts] = [:]
    private var destinations: [Int64: DestinationFacts] = [:]
    private var remarks: [Int64: RecordedPolicy] = [:]
    private var addresses: [Int64: IPAddress?] = [:]

    public convenience init(_ database: Database) throws {
        try self.init(database, texts: try TextDictionary(database))
    }

    package init(_ database: Database, texts: TextDictionary) throws {
        self.texts = texts
        clientRows = try TupleReader(database)
        destinationRows = try TupleReader(database)
        remarkRows = try TupleReader(database)
        selectConnection = try RawStatement(database, "SELECT connection_id FROM flow_fact WHERE flow_id = ?")
    }

    public func client(_ id: Int64) throws -> ClientFacts {
        if let known = clients[id] { return known }
        var facts = ClientFacts()
        if let key = try clientRows.key(id) {
            if key.principalKind != 0, let principalID = try texts.text(key.principalID) {
                facts.principal = PrincipalReference(kind: key.principalKind == 1 ? .user : .serviceAccount, id: principalID)
            }
            facts.principalName = try texts.text(key.principal)
            facts.serviceKeyID = try texts.text(key.serviceKey)
            facts.deviceID = try texts.text(key.device)
            facts.clientIP = try texts.text(key.clientIP)
            facts.location = try texts.text(key.location)
            facts.evidence = facts.location.flatMap { LocationEvidence(json: $0) }
        }
        if clients.count >= FlowFactsReader.limit { clients.removeAll(keepingCapacity: true) }
        clients[id] = facts
        return facts
    }

    public func destination(_ id: Int64) throws -> DestinationFacts {
        if let known = destinations[id] { return known }
        var facts = DestinationFacts()
        if let key = try destinationRows.key(id) {
            facts.connectorID = try texts.text(key.connectorID)
            facts.connectorName = try texts.text(key.connector)
            facts.networkID = try texts.text(key.networkID)
            facts.networkName = try texts.text(key.network)
            facts.resourceID = try texts.text(key.resourceID)
            facts.address = try texts.text(key.address)
            facts.appliedRule = try texts.text(key.appliedRule)
            switch key.transport {
            case 1: facts.transport = .tcp
            case 2: facts.transport = .udp
            case 3: facts.transport = .icmp
            default: facts.transport = nil
            }
            facts.port = UInt16(exactly: key.port)
        }
        if destinations.count >= FlowFactsReader.limit { destinations.removeAll(keepingCapacity: true) }
        destinations[id] = facts
        return facts
    }

    public func recordedPolicy(_ remark: Int64) throws -> RecordedPolicy {
        if remark == 0 { return RecordedPolicy() }
        if let known = remarks[remark] { return known }
        var policy = RecordedPolicy()
        if let key = try remarkRows.key(remark) {
            policy.version = key.policyVersion == -1 ? nil : key.policyVersion
            policy.digest = try texts.text(key.policyDigest)
        }
        if remarks.count >= FlowFactsReader.limit { remarks.removeAll(keepingCapacity: true) }
        remarks[remark] = policy
        return policy
    }

    public func address(_ id: Int64) throws -> IPAddress? {
        if id == 0 { return nil }
        if let known = addresses[id] { return known }
        let address = try texts.text(id).flatMap { IPAddress(recorded: $0) }
        if addresses.count >= FlowFactsReader.limit { addresses.removeAll(keepingCapacity: true) }
        addresses[id] = address
        return address
    }

    /// The connection id of a flow; nil where its source had none.
    public func connectionID(ofFlow id: Int64) throws -> String? {
        selectConnection.bind(1, id)
        defer { selectConnection.reset() }
        guard try selectConnection.step() else { return nil }
        let connection = PackedConnectionID.read(selectConnection, 0)
        return connection.isEmpty ? nil : connection.text
    }

    package func text(_ id: Int64) throws -> String? {
        try texts.text(id)
    }
}

extension FlowFacts {
    package init(
        client: ClientFacts, destination: DestinationFacts, resourceIP: IPAddress?, outcome: RecordedOutcome, startedAt: Timestamp,
        endedAt: Timestamp?
    ) {
        self.init(
            principal: client.principal, serviceKeyID: client.serviceKeyID,
            destination: destination.address ?? resourceIP?.description ?? "", resourceIP: resourceIP, transport: destination.transport,
            port: destination.port, connectorID: destination.connectorID, networkID: destination.networkID, deviceID: client.deviceID,
            location: client.evidence, recordedResourceID: destination.resourceID,
            appliedRule: destination.appliedRule, outcome: outcome, startedAt: startedAt, endedAt: endedAt)
    }

    /// What the database holds of a flow.
    public init(_ flow: StoredFlow, reader: FlowFactsReader, lastUses: LastUses) throws {
        try self.init(
            client: reader.client(flow.client), destination: reader.destination(flow.destination),
            resourceIP: reader.address(flow.resourceIP),
            outcome: flow.outcome, startedAt: flow.startedAt, endedAt: flow.endedAt)
        let recorded = try reader.recordedPolicy(flow.remark)
        recordedPolicyVersion = recorded.version
        recordedPolicyDigest = recorded.digest
        self.lastUses = lastUses
    }
}
