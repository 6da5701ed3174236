import FlowModel

extension CompiledPolicy {
    /// Answers a request. Total and deterministic: every request gets an answer with a reason, and the first step that fails decides.
    public func evaluate(_ request: AccessRequest, options: EngineOptions = EngineOptions()) -> Verdict {
        var evaluation = Evaluation(policy: self, request: request, options: options)
        return evaluation.run()
    }

    func liveEdges(resource: Int, principal: Int, at: Timestamp) -> [AccessEdge] {
        let subjects: Set<AccessEdge.Subject>
        if principal < userIsActive.count {
            subjects = Set(
                groupsOfUser.range(principal).map { Int(groupsOfUser.items[$0]) }.filter { groupIsActive[$0] }
                    .map { .group(snapshot.groups[$0].id) })
        } else {
            subjects = [.serviceAccount(snapshot.serviceAccounts[principal - userIsActive.count].id)]
        }
        return snapshot.resources[resource].access.filter { edge in
            subjects.contains(edge.subject) && (edge.expiresAt.map { at < $0 } ?? true)
        }
    }
}

/// How a principal stands to a Resource through its edges.
struct Standing: OptionSet {
    let rawValue: UInt8

    static let hasEdge = Standing(rawValue: 1)
    static let live = Standing(rawValue: 2)
    static let expired = Standing(rawValue: 4)
    static let locked = Standing(rawValue: 8)
    static let groupInactive = Standing(rawValue: 16)
}

/// One run of the decision steps.
struct Evaluation {
    private let policy: CompiledPolicy
    private let request: AccessRequest
    private let options: EngineOptions
    private var validity = Validity.always

    private var principal: Int32 = -1
    private var selected: Int32 = -1
    private var selectedRank: Int32 = -1
    private var nearest: Int32 = -1
    private var isAmbiguous = false
    private var isUndecidable = false
    private var isPostureUnknown = false

    init(policy: CompiledPolicy, request: AccessRequest, options: EngineOptions) {
        self.policy = policy
        self.request = request
        self.options = options
    }

    mutating func run() -> Verdict {
        let reason = decide()
        return Verdict(
            policy: policy, effect: reason == .allowed ? .allow : .deny, reason: reason, isAmbiguous: isAmbiguous,
            isPostureUnknown: reason == .allowed && isPostureUnknown, isUndecidable: isUndecidable, validity: validity,
            at: request.at, resourceIndex: selected, nearestIndex: nearest, principalIndex: principal)
    }

    private mutating func decide() -> ReasonCode {
        if let refusal = identify() { return refusal }
        if let refusal = select() { return refusal }
        let resource = policy.resources[Int(selected)]
        if resource.isBypass { return .bypassResource }
        if let refusal = checkPort(of: resource) {
            guard options.portFallthrough, !isUndecidable, let broader = broaderResource() else { return refusal }
            selected = broader
            let resource = policy.resources[Int(selected)]
            if resource.isBypass { return .bypassResource }
            return finish(resource)
        }
        return finish(resource)
    }

    private mutating func finish(_ resource: CompiledPolicy.CompiledResource) -> ReasonCode {
        checkConnector(of: resource) ?? checkAddress(of: resource) ?? checkPosture(of: resource) ?? .allowed
    }

    // MARK: Principal

    private mutating func identify() -> ReasonCode? {
        let gaps = policy.snapshot.gaps
        guard let who = request.principal else {
            isUndecidable = true
            return .unknownPrincipal
        }
        switch who.kind {
        case .user:
            guard let user = policy.userIndex.find(who.id) else {
                isUndecidable = gaps.contains(.users)
                return .unknownPrincipal
            }
            principal = Int32(truncatingIfNeeded: user)
            return policy.userIsActive[user] ? nil : .principalDisabled
        case .serviceAccount:
            guard let account = policy.accountIndex.find(who.id) else {
                isUndecidable = gaps.contains(.serviceAccounts)
                return .unknownPrincipal
            }
            principal = Int32(truncatingIfNeeded: policy.userIsActive.count + account)
            return checkKey(of: account, gaps)
        }
    }

    private mutating func checkKey(of account: Int, _ gaps: PolicySnapshot.Gaps) -> ReasonCode? {
        if let id = request.serviceKeyID {
            if let position = policy.keyIndex.find(id), Int(policy.keys[position].account) == account {
                return refusal(of: policy.keys[position])
            }
            return gaps.contains(.serviceKeys) ? nil : .unknownPrincipal
        }
        // The record names no key: it was one of these.
        var refusals: ReasonCode?
        for key in policy.keys[policy.keysOfAccount[account]] {
            guard let refusal = refusal(of: key) else { return nil }
            if refusals != .keyRevoked { refusals = refusal }
        }
        return gaps.contains(.serviceKeys) ? nil : refusals
    }

    private mutating func refusal(of key: CompiledPolicy.CompiledKey) -> ReasonCode? {
        if key.revokedFrom != .distantFuture { validity.cut(at: key.revokedFrom, keeping: request.at) }
        if key.expiresAt != .distantFuture { validity.cut(at: key.expiresAt, keeping: request.at) }
        if request.at >= key.revokedFrom { return .keyRevoked }
        return request.at >= key.expiresAt ? .keyExpired : nil
    }

    // MARK: Resource

    private mutating func select() -> ReasonCode? {
        var choice = Choice()
        switch request.destination {
        case .address(let address):
            policy.addresses.forEach(address) { consider($0, $1, &choice) }
        case .name(let name):
            policy.names.forEach(DomainName.normalized(name)) { consider($0, $1, &choice) }
        }
        if choice.best >= 0 {
            selected = choice.best
            selectedRank = choice.bestRank
            isAmbiguous = choice.isTied
            guard options.selection == .tenant else { return nil }
            let standing = standing(to: selected)
            nearest = selected
            return standing.contains(.live) ? nil : refusal(standing, isActive: true)
        }
        let gaps = policy.snapshot.gaps
        isUndecidable = gaps.contains(.resources) || (gaps.contains(.groupMembers) && request.principal?.kind == .user)
        guard choice.isCovered else {
            isUndecidable = gaps.contains(.resources)
            return .noResource
        }
        nearest = choice.edge >= 0 ? choice.edge : choice.cover
        guard choice.edge >= 0 else { return .noGrant }
        return refusal(choice.edgeStanding, isActive: policy.resources[Int(choice.edge)].isActive)
    }

    private func refusal(_ standing: Standing, isActive: Bool) -> ReasonCode {
        if !standing.contains(.hasEdge) { return .noGrant }
        if !isActive { return .resourceInactive }
        if standing.contains(.expired) { return .grantExpired }
        if standing.contains(.locked) { return .grantLocked }
        return .groupInactive
    }

    private struct Choice {
        var best: Int32 = -1
        var bestRank: Int32 = -1
        var isTied = false
        /// The most specific covering Resource that has an edge to the principal.
        var edge: Int32 = -1
        var edgeRank: Int32 = -1
        var edgeStanding: Standing = []
        /// The most specific covering Resource at all.
        var cover: Int32 = -1
        var coverRank: Int32 = -1
        var isCovered: Bool { cover >= 0 }
    }

    private mutating func consider(_ rank: Int32, _ resource: Int32, _ choice: inout Choice) -> Bool {
        // What follows is less specific than anything already found.
        guard resource >= 0 else { return choice.best < 0 }
        let isActive = policy.resources[Int(resource)].isActive
        if rank > choice.coverRank || (rank == choice.coverRank && resource < choice.cover) {
            choice.cover = resource
            choice.coverRank = rank
        }
        if options.selection == .tenant, isActive {
            prefer(resource, rank, &choice)
            return true
        }
        let standing = standing(to: resource)
        if isActive, standing.contains(.live) {
            prefer(resource, rank, &choice)
        } else if standing.contains(.hasEdge),
            rank > choice.edgeRank || (rank == choice.edgeRank && resource < choice.edge)
        {
            choice.edge = resource
            choice.edgeRank = rank
            choice.edgeStanding = standing
        }
        return true
    }

    private func prefer(_ resource: Int32, _ rank: Int32, _ choice: inout Choice) {
        if rank > choice.bestRank {
            choice.best = resource
            choice.bestRank = rank
            choice.isTied = false
        } else if rank == choice.bestRank, resource != choice.best {
            choice.isTied = true
            choice.best = min(choice.best, resource)
        }
    }

    /// The edges between the principal and a Resource: the shorter of the two lists is walked, the longer one searched.
    private mutating func standing(to resource: Int32) -> Standing {
        let range = policy.resources[Int(resource)].edges
        guard !range.isEmpty else { return [] }
        let users = policy.userIsActive.count
        var result: Standing = []
        if Int(principal) >= users {
            let subject = Int32(truncatingIfNeeded: policy.groupIsActive.count + Int(principal) - users)
            if let edge = find(subject, range) { weigh(edge, isGroupActive: true, isUser: false, &result) }
            return result
        }
        let groups = policy.groupsOfUser.range(Int(principal))
        if groups.count <= range.count {
            for index in groups {
                let group = policy.groupsOfUser.items[index]
                if let edge = find(group, range) {
                    weigh(edge, isGroupActive: policy.groupIsActive[Int(group)], isUser: true, &result)
                }
            }
        } else {
            for index in range {
                let subject = policy.edges[Int(index)].subject
                guard Int(subject) < policy.groupIsActive.count else { break }
                if isMember(groups, subject) {
                    weigh(Int(index), isGroupActive: policy.groupIsActive[Int(subject)], isUser: true, &result)
                }
            }
        }
        return result
    }

    private func find(_ subject: Int32, _ range: Range<Int32>) -> Int? {
        var low = Int(range.lowerBound)
        var high = Int(range.upperBound)
        while low < high {
            let middle = (low + high) >> 1
            if policy.edges[middle].subject < subject { low = middle + 1 } else { high = middle }
        }
        return low < Int(range.upperBound) && policy.edges[low].subject == subject ? low : nil
    }

    private func isMember(_ groups: Range<Int>, _ group: Int32) -> Bool {
        var low = groups.lowerBound
        var high = groups.upperBound
        while low < high {
            let middle = (low + high) >> 1
            if policy.groupsOfUser.items[middle] < group { low = middle + 1 } else { high = middle }
        }
        return low < groups.upperBound && policy.groupsOfUser.items[low] == group
    }

    private mutating func weigh(_ index: Int, isGroupActive: Bool, isUser: Bool, _ standing: inout Standing) {
        let edge = policy.edges[index]
        standing.insert(.hasEdge)
        if edge.expiresAt != .distantFuture {
            validity.cut(at: edge.expiresAt, keeping: request.at)
            if request.at >= edge.expiresAt {
                standing.insert(.expired)
                return
            }
        }
        guard isGroupActive else {
            standing.insert(.groupInactive)
            return
        }
        if edge.autoLockMs > 0, isUser, let last = request.lastAccess {
            let locksAt = last.advanced(byMilliseconds: edge.autoLockMs)
            validity.cut(at: locksAt, keeping: request.at)
            if request.at >= locksAt {
                standing.insert(.locked)
                return
            }
        }
        standing.insert(.live)
    }

    // MARK: Protocol and port

    private mutating func checkPort(of resource: CompiledPolicy.CompiledResource) -> ReasonCode? {
        guard resource.isRestricted else { return nil }
        guard let transport = request.transport else {
            isUndecidable = true
            return .protocolNotAllowed
        }
        let ports: CompiledPolicy.CompiledPorts
        switch transport {
        case .icmp: return resource.allowsICMP ? nil : .protocolNotAllowed
        case .tcp: ports = resource.tcp
        case .udp: ports = resource.udp
        }
        switch ports.kind {
        case .all: return nil
        case .closed: return .protocolNotAllowed
        case .ranges: break
        }
        guard let port = request.port else {
            isUndecidable = true
            return .portNotAllowed
        }
        // The last range that begins at or before the port.
        var low = Int(ports.range.lowerBound)
        var high = Int(ports.range.upperBound)
        while low < high {
            let middle = (low + high) >> 1
            if policy.ports[middle].first <= port { low = middle + 1 } else { high = middle }
        }
        return low > Int(ports.range.lowerBound) && policy.ports[low - 1].last >= port ? nil : .portNotAllowed
    }

    /// The most specific granted Resource below the selected one whose ports allow the request; ties go to the lowest id.
    private mutating func broaderResource() -> Int32? {
        var candidates: [(rank: Int32, resource: Int32)] = []
        func add(_ rank: Int32, _ resource: Int32) -> Bool {
            if resource >= 0, resource != selected, policy.resources[Int(resource)].isActive { candidates.append((rank, resource)) }
            return true
        }
        switch request.destination {
        case .address(let address): policy.addresses.forEach(address, add)
        case .name(let name): policy.names.forEach(DomainName.normalized(name), add)
        }
        candidates.sort { $0.rank != $1.rank ? $0.rank > $1.rank : $0.resource < $1.resource }
        for candidate in candidates where candidate.rank <= selectedRank {
            guard standing(to: candidate.resource).contains(.live),
                checkPort(of: policy.resources[Int(candidate.resource)]) == nil
            else { continue }
            // Within the tie of the first choice the port has now decided.
            isAmbiguous = candidates.contains {
                $0.rank == candidate.rank && $0.resource != candidate.resource && standing(to: $0.resource).contains(.live)
                    && checkPort(of: policy.resources[Int($0.resource)]) == nil
            }
            return candidate.resource
        }
        return nil
    }

    // MARK: Connector and address

    private mutating func checkConnector(of resource: CompiledPolicy.CompiledResource) -> ReasonCode? {
        if let id = request.connectorID {
            if let connector = policy.connectorIndex.find(id) {
                return policy.connectorNetworks[connector] == resource.network ? nil : .wrongNetwork
            }
            guard policy.snapshot.gaps.contains(.connectors) else { return .unknownConnector }
            guard request.networkID != nil else {
                isUndecidable = true
                return .unknownConnector
            }
        }
        guard let network = request.networkID else { return nil }
        return policy.networkIndex.find(network) == Int(resource.network) ? nil : .wrongNetwork
    }

    private func checkAddress(of resource: CompiledPolicy.CompiledResource) -> ReasonCode? {
        guard let address = request.resolvedAddress else { return nil }
        if let block = resource.block, case .address = request.destination {
            return block.contains(address) ? nil : .resolvedOutsideResource
        }
        if let block = resource.block {
            // Dialled by its alias: the address must still be the Resource's.
            return block.contains(address) ? nil : .resolvedOutsideResource
        }
        if address.isForbiddenTarget { return .resolvedOutsideResource }
        guard resource.network >= 0 else { return nil }
        let ranges = policy.snapshot.networks[Int(resource.network)].ranges
        return ranges.isEmpty || ranges.contains { $0.contains(address) } ? nil : .resolvedOutsideResource
    }

    // MARK: Device and place

    private mutating func checkPosture(of resource: CompiledPolicy.CompiledResource) -> ReasonCode? {
        let users = policy.userIsActive.count
        guard policy.usesPosture, Int(principal) < users else { return nil }
        var isUnknown = false
        var refusal: ReasonCode?
        let groups = policy.groupsOfUser.range(Int(principal))
        for index in resource.edges {
            let subject = policy.edges[Int(index)].subject
            guard Int(subject) < policy.groupIsActive.count else { break }
            guard isMember(groups, subject) else { continue }
            var standing: Standing = []
            weigh(Int(index), isGroupActive: policy.groupIsActive[Int(subject)], isUser: true, &standing)
            guard standing.contains(.live) else { continue }
            let position = policy.edges[Int(index)].securityPolicy
            guard position >= 0 else { return nil }
            switch meets(policy.securityPolicies[Int(position)]) {
            case .met: return nil
            case .unknown: isUnknown = true
            case .refused(let reason): refusal = furthest(refusal, reason)
            }
        }
        if isUnknown {
            isPostureUnknown = true
            return nil
        }
        return refusal
    }

    private enum Posture {
        case met
        case unknown
        case refused(ReasonCode)
    }

    private func meets(_ requirement: CompiledPolicy.CompiledRequirement) -> Posture {
        var isUnknown = false
        if requirement.trustedDevice {
            if let id = request.deviceID {
                if let device = policy.deviceIndex.find(id) {
                    if !policy.deviceIsTrusted[device] { return .refused(.deviceUntrusted) }
                } else if policy.snapshot.gaps.contains(.devices) {
                    isUnknown = true
                } else {
                    return .refused(.deviceUnknown)
                }
            } else {
                isUnknown = true
            }
        }
        if requirement.asksForLocation {
            if let country = request.location?.country.lowercased() {
                let isAllowed = requirement.allowedCountries.isEmpty || requirement.allowedCountries.contains(country)
                if !isAllowed || requirement.deniedCountries.contains(country) { return .refused(.locationDenied) }
            } else {
                isUnknown = true
            }
        }
        return isUnknown ? .unknown : .met
    }

    /// Of several refusals the one that came furthest through the checks.
    private func furthest(_ left: ReasonCode?, _ right: ReasonCode) -> ReasonCode {
        let order: [ReasonCode] = [.deviceUnknown, .deviceUntrusted, .locationDenied]
        guard let left, let a = order.firstIndex(of: left), let b = order.firstIndex(of: right) else { return right }
        return a >= b ? left : right
    }
}

extension IPAddress {
    /// The instance metadata service of one large cloud over IPv6, which no private address range hints at: fd00:ec2::254.
    static let metadataServiceV6 = IPAddress(high: 0xfd00_0ec2_0000_0000, low: 0x254)

    /// Whether no name of a private network may stand for this address: the Connector itself, link-local and metadata services,
    /// groups of hosts, and the range that clients use for addresses they make up.
    var isForbiddenTarget: Bool {
        switch addressClass {
        case .loopback, .unspecified, .linkLocal, .multicast, .sharedClientRange: true
        case .private, .documentation, .reserved, .public: self == .metadataServiceV6
        }
    }
}
