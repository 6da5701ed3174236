import FlowModel

/// Builds what the tables of a `CompiledPolicy` hold.
struct PolicyCompiler {
    private let snapshot: PolicySnapshot
    let userIndex: TextIndex
    let accountIndex: TextIndex
    let networkIndex: TextIndex
    private let groupIndex: TextIndex
    private let policyIndex: TextIndex

    var users: [CompiledPolicy.CompiledUser] = []
    var groupsOfUsers: [Int32] = []
    var accounts: [CompiledPolicy.CompiledAccount] = []
    var keyIDs: [String] = []
    var keys: [CompiledPolicy.CompiledKey] = []
    var connectorNetworks: [Int32] = []
    var networks: [CompiledPolicy.CompiledNetwork] = []
    var ranges: [CompiledPolicy.CompiledBlock] = []
    var exactNames: [(name: String, resource: Int32)] = []
    var patterns: [(pattern: HostPattern, resource: Int32)] = []
    var addresses: [(block: AddressBlock, resource: Int32)] = []
    var resources: [CompiledPolicy.CompiledResource] = []
    var blocks: [CompiledPolicy.CompiledBlock] = []
    var edges: [CompiledPolicy.CompiledEdge] = []
    var ports: [CompiledPolicy.CompiledPorts] = []
    var securityPolicies: [CompiledPolicy.CompiledRequirement] = []

    init(_ snapshot: PolicySnapshot, _ arena: TableArena) {
        self.snapshot = snapshot
        userIndex = TextIndex(snapshot.users.map(\.id), arena)
        accountIndex = TextIndex(snapshot.serviceAccounts.map(\.id), arena)
        networkIndex = TextIndex(snapshot.networks.map(\.id), arena)
        groupIndex = TextIndex(snapshot.groups.map(\.id), arena)
        policyIndex = TextIndex(snapshot.securityPolicies.map(\.id), arena)
    }

    mutating func compile() {
        compileUsers()
        compileKeys()
        for network in snapshot.networks {
            let start = Int32(ranges.count)
            ranges += network.ranges.map(CompiledPolicy.CompiledBlock.init)
            networks.append(CompiledPolicy.CompiledNetwork(rangeStart: start, rangeEnd: Int32(ranges.count)))
        }
        connectorNetworks = snapshot.connectors.map { Int32(networkIndex.find($0.networkID) ?? -1) }
        securityPolicies = snapshot.securityPolicies.map { policy in
            CompiledPolicy.CompiledRequirement(
                trustedDevice: policy.requiresTrustedDevice, asksForLocation: policy.asksForLocation,
                allowedCountries: Set(policy.allowedCountries.map { $0.lowercased() }),
                deniedCountries: Set(policy.deniedCountries.map { $0.lowercased() }))
        }
        for (position, resource) in snapshot.resources.enumerated() { compile(resource, Int32(position)) }
    }

    /// Counting sort of (user, group) pairs by user: the groups of each come out ascending. A member listed twice counts once.
    private mutating func compileUsers() {
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
        groupsOfUsers = [Int32](repeating: 0, count: pairs.count)
        for pair in pairs {
            groupsOfUsers[next[Int(pair.user)]] = pair.group
            next[Int(pair.user)] += 1
        }
        users.reserveCapacity(snapshot.users.count)
        for (position, user) in snapshot.users.enumerated() {
            let mine = groupsOfUsers[bounds[position]..<bounds[position + 1]]
            users.append(
                CompiledPolicy.CompiledUser(
                    groupBits: mine.reduce(0) { $0 | CompiledPolicy.bit(ofSubject: $1) }, groups: Int32(bounds[position]),
                    groupCount: Int32(bounds[position + 1] - bounds[position]),
                    isActive: user.state == .active))
        }
    }

    private mutating func compileKeys() {
        for (position, account) in snapshot.serviceAccounts.enumerated() {
            accounts.append(CompiledPolicy.CompiledAccount(keys: Int32(keys.count), keyCount: Int32(account.keys.count)))
            for key in account.keys {
                keyIDs.append(key.id)
                keys.append(
                    CompiledPolicy.CompiledKey(
                        account: Int32(position), revokedFrom: key.revokedAt?.milliseconds ?? (key.isRevoked ? .min : .max),
                        expiresAt: key.expiresAt?.milliseconds ?? .max))
            }
        }
    }

    private mutating func compile(_ resource: Resource, _ number: Int32) {
        var block: Int32 = -1
        switch resource.address {
        case .name(let pattern):
            if pattern.isExact { exactNames.append((pattern.text, number)) } else { patterns.append((pattern, number)) }
        case .block(let covered):
            block = Int32(blocks.count)
            blocks.append(CompiledPolicy.CompiledBlock(covered))
            addresses.append((covered, number))
        }
        if let alias = resource.alias { exactNames.append((DomainName.normalized(alias), number)) }
        let edgeStart = Int32(edges.count)
        compileEdges(resource)
        let rules = resource.protocols
        resources.append(
            CompiledPolicy.CompiledResource(
                isActive: resource.isActive, isBypass: resource.routing == .bypass, allowsICMP: rules?.allowsICMP ?? true,
                isRestricted: rules != nil, block: block,
                subjectBits: edges[Int(edgeStart)...].reduce(0) { $0 | CompiledPolicy.bit(ofSubject: $1.subject) },
                network: Int32(networkIndex.find(resource.networkID) ?? -1), edgeStart: edgeStart,
                edgeEnd: Int32(edges.count), tcp: compilePorts(rules?.tcp ?? .all), udp: compilePorts(rules?.udp ?? .all)))
    }

    private mutating func compilePorts(_ rule: PortRule) -> CompiledPolicy.CompiledRule {
        switch rule {
        case .all: return CompiledPolicy.CompiledRule(isOpen: true, start: 0, end: 0)
        case .only(let ranges):
            let start = Int32(ports.count)
            ports += ranges.map { CompiledPolicy.CompiledPorts(first: $0.first, last: $0.last) }
            return CompiledPolicy.CompiledRule(isOpen: false, start: start, end: Int32(ports.count))
        }
    }

    private mutating func compileEdges(_ resource: Resource) {
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
                autoLockMs = max(1, min(seconds, maxDurationSeconds)) * 1_000
            }
            let policy = (edge.securityPolicyID ?? resource.securityPolicyID).flatMap { policyIndex.find($0) } ?? -1
            edges.append(
                CompiledPolicy.CompiledEdge(
                    subject: Int32(subject), securityPolicy: Int32(policy), expiresAt: edge.expiresAt?.milliseconds ?? .max,
                    autoLockMs: autoLockMs))
        }
        // Documents list edges by id and groups first, which is the order of positions already; snapshots made by hand may not.
        if start < edges.count { edges[start...].sort { $0.subject < $1.subject } }
    }
}
