public import AccessPolicy
public import FlowModel

/// Who gains and who loses what when one policy takes the place of another, each difference with one connection that shows it.
///
/// Every Resource of either policy is tried at its own name or address and at a port of each of its rules, for every set of principals
/// who stand alike in both policies; differences are what the engine itself answers, so that overlaps and shadows count. Devices
/// and places are left open, expiries are taken at one moment.
public struct AccessDifference: Sendable {
    public enum Effect: String, Sendable, CaseIterable {
        case gained
        case lost
        /// Allowed by both, through different Resources.
        case rerouted
    }

    public var effect: Effect
    /// All who are concerned, ascending by kind and id. Never empty.
    public var principals: [PrincipalReference]
    /// The Resource that allows: that of the new policy, or of the old one for a loss.
    public var resource: Resource
    /// A connection of the first principal that shows the difference.
    public var example: AccessRequest
    public var before: Verdict
    public var after: Verdict

    /// The example's destination.
    public var target: ConnectionTarget {
        ConnectionTarget(
            destination: example.destination, transport: example.transport ?? .tcp, port: example.transport == .icmp ? nil : example.port)
    }
}

/// The difference between two policies.
public struct PolicyDiff: Sendable {
    /// What changed, object by object.
    public var changes: [PolicyChange]
    /// What that means for access: losses, gains, then re-routings; within each by Resource.
    public var access: [AccessDifference]
    /// Connections that were tried under both policies.
    public var connectionsTried: Int

    /// - Parameter at: the moment at which expiries are taken; the newer policy's own time when nil.
    public init(from old: CompiledPolicy, to new: CompiledPolicy, at: Timestamp? = nil, options: EngineOptions = EngineOptions()) {
        changes = PolicyChange.between(old.snapshot, new.snapshot)
        var comparison = AccessComparison(
            old: old, new: new, at: at ?? max(old.snapshot.effectiveAt, new.snapshot.effectiveAt), options: options)
        comparison.run(changes)
        access = comparison.differences
        connectionsTried = comparison.tried
    }
}

/// Tries the connections.
private struct AccessComparison {
    let old: CompiledPolicy
    let new: CompiledPolicy
    let at: Timestamp
    let options: EngineOptions
    var differences: [AccessDifference] = []
    var tried = 0

    init(old: CompiledPolicy, new: CompiledPolicy, at: Timestamp, options: EngineOptions) {
        self.old = old
        self.new = new
        self.at = at
        self.options = options
    }

    /// Principals who stand alike in both policies: the engine cannot tell them apart.
    private struct PrincipalClass: Hashable {
        var kind: PrincipalKind
        /// The account itself: service accounts are granted one by one.
        var account: String
        var wasActive: Bool?
        var isActive: Bool?
        var oldGroups: [String]
        var newGroups: [String]

        var hasChanged: Bool { wasActive != isActive || oldGroups != newGroups }
    }

    mutating func run(_ changes: [PolicyChange]) {
        let concerned = concernedResources(changes)
        var probes: [(isConcerned: Bool, target: ConnectionTarget, network: String)] = []
        var seen: Set<String> = []
        for (snapshot, isOld) in [(old.snapshot, true), (new.snapshot, false)] {
            for resource in snapshot.resources {
                let other = isOld ? new.resource(resource.id) : old.resource(resource.id)
                let isConcerned = concerned.contains(resource.id)
                for target in targets(of: resource, and: other) {
                    for network in Set([resource.networkID, other?.networkID ?? resource.networkID]).sorted(by: identifierPrecedes)
                    where seen.insert("\(target)|\(network)").inserted {
                        probes.append((isConcerned, target, network))
                    }
                }
            }
        }
        let connectors = connectorsByNetwork()
        var found: [Key: AccessDifference] = [:]
        let concernedProbes = probes.filter(\.isConcerned)
        for (standing, principals) in classes() {
            guard let example = principals.first else { continue }
            for probe in standing.hasChanged ? probes : concernedProbes {
                let request = AccessRequest(
                    principal: example, serviceKeyID: workingKey(of: example), destination: probe.target.destination,
                    transport: probe.target.transport, port: probe.target.port, connectorID: connectors[probe.network],
                    networkID: probe.network, at: at)
                tried += 1
                compare(request, principals, standing, &found)
            }
        }
        differences = found.values.sorted(by: precedes)
    }

    private struct Key: Hashable {
        var standing: PrincipalClass
        var effect: AccessDifference.Effect
        var resource: String
        var otherResource: String?
    }

    private func compare(
        _ request: AccessRequest, _ principals: [PrincipalReference], _ standing: PrincipalClass, _ found: inout [Key: AccessDifference]
    ) {
        let before = old.evaluate(request, options: options)
        let after = new.evaluate(request, options: options)
        let effect: AccessDifference.Effect
        switch (before.isAllowed, after.isAllowed) {
        case (true, false): effect = .lost
        case (false, true): effect = .gained
        case (true, true) where before.resourceID != after.resourceID: effect = .rerouted
        default: return
        }
        // A Connector that only one policy knows says nothing about who may reach what.
        guard before.reason != .unknownConnector, after.reason != .unknownConnector else { return }
        guard let resource = (effect == .lost ? before : after).nearestResource else { return }
        let key = Key(
            standing: standing, effect: effect, resource: resource.id, otherResource: effect == .rerouted ? before.resourceID : nil)
        if found[key] == nil {
            found[key] = AccessDifference(
                effect: effect, principals: principals, resource: resource, example: request, before: before, after: after)
        }
    }

    private func precedes(_ left: AccessDifference, _ right: AccessDifference) -> Bool {
        let order: [AccessDifference.Effect] = [.lost, .gained, .rerouted]
        let a = order.firstIndex(of: left.effect) ?? 0
        let b = order.firstIndex(of: right.effect) ?? 0
        if a != b { return a < b }
        if left.resource.id != right.resource.id { return identifierPrecedes(left.resource.id, right.resource.id) }
        guard let first = left.principals.first, let second = right.principals.first else { return false }
        if first.kind != second.kind { return first.kind == .user }
        return identifierPrecedes(first.id, second.id)
    }

    /// Resources for which unchanged principals may get another answer: changed ones, those granted to changed groups, and those in
    /// changed networks.
    private func concernedResources(_ changes: [PolicyChange]) -> Set<String> {
        var ids: Set<String> = []
        var groups: Set<String> = []
        var accounts: Set<String> = []
        var networks: Set<String> = []
        for change in changes {
            switch change.object.kind {
            case .resource: ids.insert(change.object.id)
            case .group: groups.insert(change.object.id)
            case .serviceAccount: accounts.insert(change.object.id)
            case .network: networks.insert(change.object.id)
            case .connector: networks.formUnion([old, new].compactMap { $0.connector(change.object.id)?.networkID })
            case .user, .device: break
            case .securityPolicy: ids.formUnion((old.snapshot.resources + new.snapshot.resources).map(\.id))
            }
        }
        for resource in old.snapshot.resources + new.snapshot.resources {
            let isGranted = resource.access.contains { edge in
                switch edge.subject {
                case .group(let id): groups.contains(id)
                case .serviceAccount(let id): accounts.contains(id)
                }
            }
            if isGranted || networks.contains(resource.networkID) { ids.insert(resource.id) }
        }
        return ids
    }

    private func classes() -> [(PrincipalClass, [PrincipalReference])] {
        var members: [PrincipalClass: [PrincipalReference]] = [:]
        var order: [PrincipalClass] = []
        func add(_ standing: PrincipalClass, _ principal: PrincipalReference) {
            if members[standing] == nil { order.append(standing) }
            members[standing, default: []].append(principal)
        }
        func liveGroups(_ policy: CompiledPolicy, _ user: String) -> [String] {
            (policy.groups(ofUser: user) ?? []).filter(\.isActive).map(\.id)
        }
        for id in Set((old.snapshot.users + new.snapshot.users).map(\.id)).sorted(by: identifierPrecedes) {
            let standing = PrincipalClass(
                kind: .user, account: "", wasActive: old.user(id).map { $0.state == .active },
                isActive: new.user(id).map { $0.state == .active }, oldGroups: liveGroups(old, id), newGroups: liveGroups(new, id))
            add(standing, PrincipalReference(kind: .user, id: id))
        }
        for id in Set((old.snapshot.serviceAccounts + new.snapshot.serviceAccounts).map(\.id)).sorted(by: identifierPrecedes) {
            let standing = PrincipalClass(
                kind: .serviceAccount, account: id, wasActive: old.serviceAccount(id).map { _ in true },
                isActive: new.serviceAccount(id).map { _ in true }, oldGroups: [], newGroups: [])
            add(standing, PrincipalReference(kind: .serviceAccount, id: id))
        }
        return order.map { ($0, members[$0] ?? []) }
    }

    /// A key that works under either policy, so that a difference of keys does not hide one of grants.
    private func workingKey(of principal: PrincipalReference) -> String? {
        guard principal.kind == .serviceAccount else { return nil }
        func works(_ key: ServiceAccount.Key) -> Bool {
            let isRevoked = key.revokedAt.map { at >= $0 } ?? key.isRevoked
            return !isRevoked && (key.expiresAt.map { at < $0 } ?? true)
        }
        let after = new.serviceAccount(principal.id)?.keys.filter(works).map(\.id) ?? []
        let before = old.serviceAccount(principal.id)?.keys.filter(works).map(\.id) ?? []
        return after.first { before.contains($0) } ?? before.first ?? after.first
    }

    private func connectorsByNetwork() -> [String: String] {
        var result: [String: String] = [:]
        // One that both policies have in the same place is best.
        for connector in new.snapshot.connectors where result[connector.networkID] == nil || old.connector(connector.id) != nil {
            if let known = result[connector.networkID], old.connector(known)?.networkID == connector.networkID { continue }
            result[connector.networkID] = connector.id
        }
        for connector in old.snapshot.connectors where result[connector.networkID] == nil { result[connector.networkID] = connector.id }
        return result
    }

    /// The Resource's own name or address, at a port of each rule of either version and at one beside them.
    private func targets(of resource: Resource, and other: Resource?) -> [ConnectionTarget] {
        var destinations = resource.address.samples
        if let alias = resource.alias { destinations.append(.name(alias)) }
        var ports: [(TransportProtocol, UInt16?)] = []
        for rules in [resource.protocols, other.map(\.protocols) ?? resource.protocols] {
            ports += AccessComparison.ports(rules)
        }
        return destinations.flatMap { destination in
            ports.map { ConnectionTarget(destination: destination, transport: $0.0, port: $0.1) }
        }
    }

    /// The ports that stand for a Resource which restricts nothing: the most common ones of TCP and UDP.
    private static let defaultTCP: UInt16 = 443
    private static let defaultUDP: UInt16 = 53

    private static func ports(_ rules: ProtocolRules?) -> [(TransportProtocol, UInt16?)] {
        guard let rules else { return [(.tcp, defaultTCP), (.udp, defaultUDP), (.icmp, nil)] }
        var result: [(TransportProtocol, UInt16?)] = []
        for (transport, rule, usual) in [(TransportProtocol.tcp, rules.tcp, defaultTCP), (.udp, rules.udp, defaultUDP)] {
            switch rule {
            case .all: result.append((transport, usual))
            case .only(let ranges):
                for range in ranges {
                    result.append((transport, range.first))
                    if range.last != range.first { result.append((transport, range.last)) }
                }
            }
        }
        if rules.allowsICMP { result.append((.icmp, nil)) }
        return result
    }
}

extension ResourceAddress {
    /// Destinations that the definition covers: the name or pattern filled in, the first and the last address of a block.
    var samples: [Destination] {
        switch self {
        case .name(let pattern):
            let filled = pattern.text.map { $0 == "*" ? "any" : $0 == "?" ? "x" : String($0) }.joined()
            return [.name(filled)]
        case .block(let block):
            guard !block.isSingleAddress else { return [.address(block.base)] }
            let base = block.base
            if base.family == .v4 {
                let last = UInt32(truncatingIfNeeded: base.low) | (UInt32.max >> UInt32(block.prefixLength))
                return [.address(IPAddress(v4: UInt32(truncatingIfNeeded: base.low) &+ 1)), .address(IPAddress(v4: last))]
            }
            let high = block.prefixLength >= 64 ? base.high : base.high | (UInt64.max >> UInt64(block.prefixLength))
            let low = block.prefixLength <= 64 ? UInt64.max : base.low | (UInt64.max >> UInt64(block.prefixLength - 64))
            return [.address(IPAddress(high: base.high, low: base.low | 1)), .address(IPAddress(high: high, low: low))]
        }
    }
}
