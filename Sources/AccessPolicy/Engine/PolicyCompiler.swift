import FlowModel

/// Builds the indexes of a `CompiledPolicy`.
struct PolicyCompiler {
    private let snapshot: PolicySnapshot
    let userIndex: TextIndex
    let accountIndex: TextIndex
    let networkIndex: TextIndex
    private let groupIndex: TextIndex
    private let policyIndex: TextIndex

    var groupsOfUser = PackedLists()
    var keyIndex = TextIndex([])
    var keys: [CompiledPolicy.CompiledKey] = []
    var keysOfAccount: [Range<Int>] = []
    var connectorNetworks: [Int32] = []
    var names = NameIndex(exact: [], wild: [])
    var addresses = AddressIndex([])
    var resources: [CompiledPolicy.CompiledResource] = []
    var edges: [CompiledPolicy.CompiledEdge] = []
    var ports: [PortRange] = []
    var securityPolicies: [CompiledPolicy.CompiledRequirement] = []

    init(_ snapshot: PolicySnapshot) {
        self.snapshot = snapshot
        userIndex = TextIndex(snapshot.users.map(\.id))
        accountIndex = TextIndex(snapshot.serviceAccounts.map(\.id))
        networkIndex = TextIndex(snapshot.networks.map(\.id))
        groupIndex = TextIndex(snapshot.groups.map(\.id))
        policyIndex = TextIndex(snapshot.securityPolicies.map(\.id))
    }

    mutating func compile() {
        compileGroups()
        compileKeys()
        connectorNetworks = snapshot.connectors.map { Int32(networkIndex.find($0.networkID) ?? -1) }
        securityPolicies = snapshot.securityPolicies.map { policy in
            CompiledPolicy.CompiledRequirement(
                trustedDevice: policy.requiresTrustedDevice, asksForLocation: policy.asksForLocation,
                allowedCountries: Set(policy.allowedCountries.map { $0.lowercased() }),
                deniedCountries: Set(policy.deniedCountries.map { $0.lowercased() }))
        }
        compileResources()
    }

    /// Counting sort of (user, group) pairs by user: groups come out ascending.
    private mutating func compileGroups() {
        var pairs: [(user: Int32, group: Int32)] = []
        for (group, definition) in snapshot.groups.enumerated() {
            switch definition.members {
            case .everyone:
                for user in snapshot.users.indices { pairs.append((Int32(user), Int32(group))) }
            case .users(let ids):
                for id in ids {
                    if let user = userIndex.find(id) { pairs.append((Int32(user), Int32(group))) }
                }
            }
        }
        var next = [Int](repeating: 0, count: snapshot.users.count + 1)
        for pair in pairs { next[Int(pair.user) + 1] += 1 }
        for user in snapshot.users.indices { next[user + 1] += next[user] }
        let bounds = next
        var sorted = [Int32](repeating: 0, count: pairs.count)
        for pair in pairs {
            sorted[next[Int(pair.user)]] = pair.group
            next[Int(pair.user)] += 1
        }
        for user in snapshot.users.indices { groupsOfUser.append(sorted[bounds[user]..<bounds[user + 1]]) }
    }

    private mutating func compileKeys() {
        var ids: [String] = []
        for (account, definition) in snapshot.serviceAccounts.enumerated() {
            let start = keys.count
            for key in definition.keys {
                ids.append(key.id)
                let revokedFrom = key.revokedAt ?? (key.isRevoked ? .distantPast : .distantFuture)
                keys.append(
                    CompiledPolicy.CompiledKey(
                        account: Int32(account), revokedFrom: revokedFrom, expiresAt: key.expiresAt ?? .distantFuture))
            }
            keysOfAccount.append(start..<keys.count)
        }
        keyIndex = TextIndex(ids)
    }

    private mutating func compileResources() {
        var exact: [(name: String, resource: Int32)] = []
        var wild: [(pattern: HostPattern, resource: Int32)] = []
        var blocks: [(block: AddressBlock, resource: Int32)] = []
        for (position, resource) in snapshot.resources.enumerated() {
            let number = Int32(position)
            var block: AddressBlock?
            switch resource.address {
            case .name(let pattern):
                if pattern.isExact { exact.append((pattern.text, number)) } else { wild.append((pattern, number)) }
            case .block(let covered):
                block = covered
                blocks.append((covered, number))
            }
            if let alias = resource.alias { exact.append((DomainName.normalized(alias), number)) }
            let rules = resource.protocols
            resources.append(
                CompiledPolicy.CompiledResource(
                    isActive: resource.isActive, isBypass: resource.routing == .bypass,
                    allowsICMP: rules?.allowsICMP ?? true, isRestricted: rules != nil,
                    network: Int32(networkIndex.find(resource.networkID) ?? -1), edges: compileEdges(resource),
                    tcp: compilePorts(rules?.tcp ?? .all), udp: compilePorts(rules?.udp ?? .all), block: block))
        }
        names = NameIndex(exact: exact, wild: wild)
        addresses = AddressIndex(blocks)
    }

    private mutating func compilePorts(_ rule: PortRule) -> CompiledPolicy.CompiledPorts {
        switch rule {
        case .all: return CompiledPolicy.CompiledPorts(kind: .all, range: 0..<0)
        case .only(let ranges):
            let start = Int32(ports.count)
            ports += ranges
            return CompiledPolicy.CompiledPorts(kind: ranges.isEmpty ? .closed : .ranges, range: start..<Int32(ports.count))
        }
    }

    private mutating func compileEdges(_ resource: Resource) -> Range<Int32> {
        let start = edges.count
        for edge in resource.access {
            let subject: Int?
            switch edge.subject {
            case .group(let id): subject = groupIndex.find(id)
            case .serviceAccount(let id): subject = accountIndex.find(id).map { $0 + snapshot.groups.count }
            }
            guard let subject else { continue }
            var autoLockMs: Int64 = 0
            if case .autoLock(let seconds) = edge.mode ?? resource.mode {
                autoLockMs = max(1, min(seconds, longestDurationSeconds)) * 1_000
            }
            let policy = (edge.securityPolicyID ?? resource.securityPolicyID).flatMap { policyIndex.find($0) } ?? -1
            edges.append(
                CompiledPolicy.CompiledEdge(
                    subject: Int32(subject), securityPolicy: Int32(policy), expiresAt: edge.expiresAt ?? .distantFuture,
                    autoLockMs: autoLockMs))
        }
        // Documents list edges by id and groups first, which is the order of positions already; snapshots made by hand may not.
        if start < edges.count { edges[start...].sort { $0.subject < $1.subject } }
        return Int32(start)..<Int32(edges.count)
    }
}
