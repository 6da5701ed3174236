public import AccessPolicy
public import FlowModel
public import GRDB
import PolicyDocuments

/// Who a flow was for, and from where.
public struct OriginFacts: Sendable {
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
public struct TargetFacts: Sendable {
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
    private let selectOrigin: RawStatement
    private let selectTarget: RawStatement
    private let selectRemark: RawStatement
    private let selectConnection: RawStatement
    private var origins: [Int64: OriginFacts] = [:]
    private var targets: [Int64: TargetFacts] = [:]
    private var remarks: [Int64: RecordedPolicy] = [:]
    private var addresses: [Int64: IPAddress?] = [:]

    public convenience init(_ database: Database) throws {
        try self.init(database, texts: try TextDictionary(database))
    }

    package init(_ database: Database, texts: TextDictionary) throws {
        self.texts = texts
        selectOrigin = try RawStatement(
            database,
            """
            SELECT principal_kind, principal_id, principal, service_key, device, client_ip, location FROM origin
            WHERE origin_id = ?
            """)
        selectTarget = try RawStatement(
            database,
            """
            SELECT connector_id, connector, network_id, network, resource_id, address, applied_rule, protocol, port FROM target
            WHERE target_id = ?
            """)
        selectRemark = try RawStatement(database, "SELECT policy_version, policy_digest FROM remark WHERE remark_id = ?")
        selectConnection = try RawStatement(database, "SELECT connection_id FROM flow_fact WHERE flow_id = ?")
    }

    public func origin(_ id: Int64) throws -> OriginFacts {
        if let known = origins[id] { return known }
        var facts = OriginFacts()
        selectOrigin.bind(1, id)
        if try selectOrigin.step() {
            let kind = selectOrigin.integer(0)
            if kind != 0, let principalID = try texts.text(selectOrigin.integer(1)) {
                facts.principal = PrincipalReference(kind: kind == 1 ? .user : .serviceAccount, id: principalID)
            }
            facts.principalName = try texts.text(selectOrigin.integer(2))
            facts.serviceKeyID = try texts.text(selectOrigin.integer(3))
            facts.deviceID = try texts.text(selectOrigin.integer(4))
            facts.clientIP = try texts.text(selectOrigin.integer(5))
            facts.location = try texts.text(selectOrigin.integer(6))
            facts.evidence = facts.location.flatMap { LocationEvidence(json: $0) }
        }
        selectOrigin.reset()
        if origins.count >= FlowFactsReader.limit { origins.removeAll(keepingCapacity: true) }
        origins[id] = facts
        return facts
    }

    public func target(_ id: Int64) throws -> TargetFacts {
        if let known = targets[id] { return known }
        var facts = TargetFacts()
        selectTarget.bind(1, id)
        if try selectTarget.step() {
            facts.connectorID = try texts.text(selectTarget.integer(0))
            facts.connectorName = try texts.text(selectTarget.integer(1))
            facts.networkID = try texts.text(selectTarget.integer(2))
            facts.networkName = try texts.text(selectTarget.integer(3))
            facts.resourceID = try texts.text(selectTarget.integer(4))
            facts.address = try texts.text(selectTarget.integer(5))
            facts.appliedRule = try texts.text(selectTarget.integer(6))
            switch selectTarget.integer(7) {
            case 1: facts.transport = .tcp
            case 2: facts.transport = .udp
            case 3: facts.transport = .icmp
            default: facts.transport = nil
            }
            facts.port = UInt16(exactly: selectTarget.integer(8))
        }
        selectTarget.reset()
        if targets.count >= FlowFactsReader.limit { targets.removeAll(keepingCapacity: true) }
        targets[id] = facts
        return facts
    }

    public func recordedPolicy(_ remark: Int64) throws -> RecordedPolicy {
        if remark == 0 { return RecordedPolicy() }
        if let known = remarks[remark] { return known }
        var policy = RecordedPolicy()
        selectRemark.bind(1, remark)
        if try selectRemark.step() {
            let version = selectRemark.integer(0)
            policy.version = version == -1 ? nil : version
            policy.digest = try texts.text(selectRemark.integer(1))
        }
        selectRemark.reset()
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
        origin: OriginFacts, target: TargetFacts, resourceIP: IPAddress?, outcome: RecordedOutcome, startedAt: Timestamp,
        endedAt: Timestamp?
    ) {
        self.init(
            principal: origin.principal, serviceKeyID: origin.serviceKeyID,
            destination: target.address ?? resourceIP?.description ?? "", resourceIP: resourceIP, transport: target.transport,
            port: target.port, connectorID: target.connectorID, networkID: target.networkID, deviceID: origin.deviceID,
            location: origin.evidence, recordedResourceID: target.resourceID,
            appliedRule: target.appliedRule, outcome: outcome, startedAt: startedAt, endedAt: endedAt)
    }

    /// What the database holds of a flow.
    public init(_ flow: StoredFlow, reader: FlowFactsReader, lastUses: LastUses) throws {
        try self.init(
            origin: reader.origin(flow.origin), target: reader.target(flow.target), resourceIP: reader.address(flow.resourceIP),
            outcome: flow.outcome, startedAt: flow.startedAt, endedAt: flow.endedAt)
        let recorded = try reader.recordedPolicy(flow.remark)
        recordedPolicyVersion = recorded.version
        recordedPolicyDigest = recorded.digest
        self.lastUses = lastUses
    }
}
