import FlowModel

extension CompiledPolicy {
    /// Answers a request. Total and deterministic: every request gets an answer with a reason, and the first step that fails decides.
    ///
    /// Takes time that does not grow with users, and hardly with Resources: some hash look-ups and the shorter of two lists of groups.
    public func evaluate(_ request: AccessRequest, options: EngineOptions = EngineOptions()) -> Verdict {
        var evaluation = Evaluation()
        let reason = evaluation.decide(self, request, options)
        return Verdict(
            policy: self, effect: reason == .allowed ? .allow : .deny, reason: reason, isAmbiguous: evaluation.isAmbiguous,
            isPostureUnknown: reason == .allowed && evaluation.isPostureUnknown, isUndecidable: evaluation.isUndecidable,
            dependsOnLastUse: evaluation.dependsOnLastUse, validity: evaluation.validity, at: request.at,
            resourceIndex: evaluation.selected, nearestIndex: evaluation.nearest, isFallthrough: evaluation.isFallthrough,
            principalIndex: evaluation.principal)
    }

    /// The edges that grant, auto-locks aside.
    func liveEdges(resource: Int, principal: Int, at: Timestamp) -> [AccessEdge] {
        let subjects: Set<AccessEdge.Subject>
        if principal < users.count {
            let user = users[principal]
            subjects = Set(
                (user.groups..<user.groups + user.groupCount).map { Int(groupsOfUsers[$0]) }.filter { groupIsActive[$0] }
                    .map { .group(snapshot.groups[$0].id) })
        } else {
            subjects = [.serviceAccount(snapshot.serviceAccounts[principal - users.count].id)]
        }
        return snapshot.resources[resource].access.filter { edge in
            subjects.contains(edge.subject) && (edge.expiresAt.map { at < $0 } ?? true)
        }
    }

    /// Every Resource that covers the destination, inactive ones included, with its specificity; in no order.
    func covering(_ destination: Destination) -> [(rank: Int32, resource: Int32)] {
        var found: [(rank: Int32, resource: Int32)] = []
        forEachCovering(destination, goOn: { true }, { found.append(($0, $1)) })
        return found
    }

    @inline(__always)
    func forEachCovering(_ destination: Destination, goOn: () -> Bool, _ body: (Int32, Int32) -> Void) {
        switch destination {
        case .address(let address):
            addresses.forEach(address, goOn: goOn, body)
        case .name(let name):
            let isNormalized = name.utf8Span.span.withUnsafeBytes { bytes in
                guard NameBytes.isNormalized(bytes) else { return false }
                names.forEach(bytes, goOn: goOn, body)
                return true
            }
            if !isNormalized {
                DomainName.normalized(name).utf8Span.span.withUnsafeBytes { names.forEach($0, goOn: goOn, body) }
            }
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

/// One run of the decision steps: what has been found so far.
///
/// Policy, request and options are handed from step to step, so that nothing of them is copied or counted.
struct Evaluation {
    private(set) var validity = Validity.always
    private(set) var principal: Int32 = -1
    private(set) var selected: Int32 = -1
    private(set) var nearest: Int32 = -1
    private(set) var isAmbiguous = false
    private(set) var isUndecidable = false
    private(set) var isPostureUnknown = false
    private(set) var isFallthrough = false
    private(set) var dependsOnLastUse = false
    private var selectedRank: Int32 = -1
    /// Range in `groupsOfUsers`; empty for a service account.
    private var groups = 0
    private var groupsEnd = 0
    private var isUser = false
    private var subjectBits: UInt64 = 0

    mutating func decide(_ policy: CompiledPolicy, _ request: AccessRequest, _ options: EngineOptions) -> ReasonCode {
        if let refusal = identify(policy, request) { return refusal }
        if let refusal = select(policy, request, options) { return refusal }
        var resource = policy.resources[selected]
        if resource.isBypass { return .bypassResource }
        if let refusal = checkPort(policy, request, resource) {
            guard options.portFallthrough, !isUndecidable, let broader = broaderResource(policy, request) else { return refusal }
            selected = broader
            nearest = broader
            isFallthrough = true
            resource = policy.resources[selected]
            if resource.isBypass { return .bypassResource }
        }
        if let refusal = checkConnector(policy, request, resource) { return refusal }
        if let address = request.resolvedAddress, let refusal = checkAddress(policy, address, resource) { return refusal }
        if policy.usesPosture, isUser, let refusal = checkPosture(policy, request, resource) { return refusal }
        return .allowed
    }

    // MARK: Principal

    private mutating func identify(_ policy: CompiledPolicy, _ request: AccessRequest) -> ReasonCode? {
        guard let who = request.principal else {
            isUndecidable = true
            return .unknownPrincipal
        }
        switch who.kind {
        case .user:
            guard let slot = policy.userIndex.findSlot(who.id) else {
                isUndecidable = policy.gaps.contains(.users)
                return .unknownPrincipal
            }
            let user = policy.usersBySlot[slot]
            principal = Int32(truncatingIfNeeded: policy.userIndex.number(at: slot))
            groups = Int(user.groups)
            groupsEnd = groups + Int(user.groupCount)
            isUser = true
            subjectBits = user.groupBits
            return user.isActive ? nil : .principalDisabled
        case .serviceAccount:
            guard let position = policy.accountIndex.find(who.id) else {
                isUndecidable = policy.gaps.contains(.serviceAccounts)
                return .unknownPrincipal
            }
            principal = Int32(truncatingIfNeeded: policy.users.count + position)
            subjectBits = CompiledPolicy.bit(ofSubject: Int32(truncatingIfNeeded: policy.groupIsActive.count + position))
            return checkKey(policy, request, position)
        }
    }

    private mutating func checkKey(_ policy: CompiledPolicy, _ request: AccessRequest, _ position: Int) -> ReasonCode? {
        if let id = request.serviceKeyID {
            if let number = policy.keyIndex.find(id), Int(policy.keys[number].account) == position {
                return refusal(of: policy.keys[number], request.at)
            }
            return policy.gaps.contains(.serviceKeys) ? nil : .unknownPrincipal
        }
        // The record names no key: it was one of these.
        let account = policy.accounts[position]
        var result: ReasonCode?
        for number in account.keys..<account.keys + account.keyCount {
            guard let refusal = refusal(of: policy.keys[number], request.at) else { return nil }
            if result != .keyRevoked { result = refusal }
        }
        return policy.gaps.contains(.serviceKeys) ? nil : result
    }

    private mutating func refusal(of key: CompiledPolicy.CompiledKey, _ at: Timestamp) -> ReasonCode? {
        cut(key.revokedFrom, at)
        cut(key.expiresAt, at)
        if at.milliseconds >= key.revokedFrom { return .keyRevoked }
        return at.milliseconds >= key.expiresAt ? .keyExpired : nil
    }

    @inline(__always)
    private mutating func cut(_ milliseconds: Int64, _ at: Timestamp) {
        if milliseconds != .max { validity.cut(at: Timestamp(milliseconds: milliseconds), keeping: at) }
    }

    // MARK: Resource

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

        mutating func prefer(_ resource: Int32, _ rank: Int32) {
            if rank > bestRank {
                best = resource
                bestRank = rank
                isTied = false
            } else if rank == bestRank, resource != best {
                isTied = true
                best = min(best, resource)
            }
        }
    }

    private mutating func select(_ policy: CompiledPolicy, _ request: AccessRequest, _ options: EngineOptions) -> ReasonCode? {
        if case .name("") = request.destination {
            isUndecidable = true
            return .noResource
        }
        var choice = Choice()
        // What is less specific than a choice already made is not looked at.
        policy.forEachCovering(request.destination, goOn: { choice.best < 0 }) { rank, resource in
            consider(policy, request, options.selection, rank, resource, &choice)
        }
        if choice.best >= 0 {
            selected = choice.best
            selectedRank = choice.bestRank
            nearest = selected
            isAmbiguous = choice.isTied
            guard options.selection == .tenant else { return nil }
            let standing = standing(policy, request, selected, policy.resources[selected])
            return standing.contains(.live) ? nil : refusal(policy, standing, isActive: true)
        }
        guard choice.cover >= 0 else {
            isUndecidable = policy.gaps.contains(.resources)
            return .noResource
        }
        nearest = choice.edge >= 0 ? choice.edge : choice.cover
        return refusal(policy, choice.edgeStanding, isActive: policy.resources[nearest].isActive)
    }

    private mutating func refusal(_ policy: CompiledPolicy, _ standing: Standing, isActive: Bool) -> ReasonCode {
        // An edge or a member that the source left out could have granted.
        isUndecidable = policy.gaps.contains(.resources) || (isUser && policy.gaps.contains(.groupMembers))
        if !standing.contains(.hasEdge) { return .noGrant }
        if !isActive { return .resourceInactive }
        if standing.contains(.expired) { return .grantExpired }
        if standing.contains(.locked) { return .grantLocked }
        return .groupInactive
    }

    private mutating func consider(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ selection: EngineOptions.Selection, _ rank: Int32,
        _ number: Int32, _ choice: inout Choice
    ) {
        // Patterns come in no order: what cannot win any more needs no look at its edges.
        if choice.best >= 0, rank < choice.bestRank { return }
        if rank > choice.coverRank || (rank == choice.coverRank && number < choice.cover) {
            choice.cover = number
            choice.coverRank = rank
        }
        let resource = policy.resources[number]
        if selection == .tenant, resource.isActive {
            choice.prefer(number, rank)
            return
        }
        let standing = standing(policy, request, number, resource)
        if resource.isActive, standing.contains(.live) {
            choice.prefer(number, rank)
        } else if standing.contains(.hasEdge), rank > choice.edgeRank || (rank == choice.edgeRank && number < choice.edge) {
            choice.edge = number
            choice.edgeRank = rank
            choice.edgeStanding = standing
        }
    }

    /// The edges between the principal and a Resource: the shorter of the two lists is walked, the longer one searched.
    private mutating func standing(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ number: Int32, _ resource: CompiledPolicy.CompiledResource
    ) -> Standing {
        guard subjectBits & resource.subjectBits != 0 else { return [] }
        let start = Int(resource.edgeStart)
        let end = Int(resource.edgeEnd)
        var result: Standing = []
        guard isUser else {
            let subject = Int32(truncatingIfNeeded: policy.groupIsActive.count + Int(principal) - policy.users.count)
            let index = firstEdge(policy, start, end, subject)
            if index < end, policy.edges[index].subject == subject {
                result = weigh(policy, policy.edges[index], of: number, isGroupActive: true, request)
            }
            return result
        }
        if groupsEnd - groups < end - start {
            for index in groups..<groupsEnd {
                let group = policy.groupsOfUsers[index]
                var position = firstEdge(policy, start, end, group)
                while position < end, policy.edges[position].subject == group {
                    result.formUnion(weigh(policy, policy.edges[position], of: number, isGroupActive: policy.groupIsActive[group], request))
                    position += 1
                }
            }
        } else {
            for index in start..<end {
                let edge = policy.edges[index]
                guard Int(edge.subject) < policy.groupIsActive.count else { break }
                if isMember(policy, edge.subject) {
                    result.formUnion(weigh(policy, edge, of: number, isGroupActive: policy.groupIsActive[edge.subject], request))
                }
            }
        }
        return result
    }

    private func firstEdge(_ policy: CompiledPolicy, _ start: Int, _ end: Int, _ subject: Int32) -> Int {
        var low = start
        var high = end
        while low < high {
            let middle = (low + high) >> 1
            if policy.edges[middle].subject < subject { low = middle + 1 } else { high = middle }
        }
        return low
    }

    @inline(__always)
    private func isMember(_ policy: CompiledPolicy, _ group: Int32) -> Bool {
        guard subjectBits & CompiledPolicy.bit(ofSubject: group) != 0 else { return false }
        // Most users are in a handful of groups, where a walk beats a search.
        let shortList = 8
        if groupsEnd - groups <= shortList {
            for index in groups..<groupsEnd where policy.groupsOfUsers[index] == group { return true }
            return false
        }
        var low = groups
        var high = groupsEnd
        while low < high {
            let middle = (low + high) >> 1
            if policy.groupsOfUsers[middle] < group { low = middle + 1 } else { high = middle }
        }
        return low < groupsEnd && policy.groupsOfUsers[low] == group
    }

    @inline(__always)
    private mutating func weigh(
        _ policy: CompiledPolicy, _ edge: CompiledPolicy.CompiledEdge, of resource: Int32, isGroupActive: Bool, _ request: AccessRequest
    ) -> Standing {
        if edge.expiresAt != .max {
            cut(edge.expiresAt, request.at)
            if request.at.milliseconds >= edge.expiresAt { return [.hasEdge, .expired] }
        }
        guard isGroupActive else { return [.hasEdge, .groupInactive] }
        if edge.autoLockMs > 0, isUser {
            dependsOnLastUse = true
            if let last = request.lastUses.time(of: policy.resourceIDs[Int(resource)]) {
                let locksAt = last.advanced(byMilliseconds: edge.autoLockMs)
                cut(locksAt.milliseconds, request.at)
                if request.at >= locksAt { return [.hasEdge, .locked] }
            }
        }
        return [.hasEdge, .live]
    }

    // MARK: Protocol and port

    private mutating func checkPort(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ resource: CompiledPolicy.CompiledResource
    ) -> ReasonCode? {
        guard resource.isRestricted else { return nil }
        guard let transport = request.transport else {
            isUndecidable = true
            return .protocolNotAllowed
        }
        let rule: CompiledPolicy.CompiledRule
        switch transport {
        case .icmp: return resource.allowsICMP ? nil : .protocolNotAllowed
        case .tcp: rule = resource.tcp
        case .udp: rule = resource.udp
        }
        if rule.isOpen { return nil }
        if rule.start == rule.end { return .protocolNotAllowed }
        guard let port = request.port else {
            isUndecidable = true
            return .portNotAllowed
        }
        // The last range that begins at or before the port.
        var low = rule.start
        var high = rule.end
        while low < high {
            let middle = (low + high) >> 1
            if policy.ports[middle].first <= port { low = middle + 1 } else { high = middle }
        }
        return low > rule.start && policy.ports[low - 1].last >= port ? nil : .portNotAllowed
    }

    /// The most specific granted Resource not above the selected one whose ports allow the request; ties go to the lowest id. When there
    /// is none, and one might allow a port that the request does not tell, the answer is undecidable.
    private mutating func broaderResource(_ policy: CompiledPolicy, _ request: AccessRequest) -> Int32? {
        let open = policy.covering(request.destination).filter { candidate in
            let resource = policy.resources[candidate.resource]
            return candidate.rank <= selectedRank && candidate.resource != selected && resource.isActive
                && standing(policy, request, candidate.resource, resource).contains(.live) && checkPort(policy, request, resource) == nil
        }
        guard let rank = open.map(\.rank).max() else { return nil }
        let best = open.filter { $0.rank == rank }.map(\.resource)
        isAmbiguous = best.count > 1
        isUndecidable = false
        return best.min()
    }

    // MARK: Connector and address

    private mutating func checkConnector(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ resource: CompiledPolicy.CompiledResource
    ) -> ReasonCode? {
        if let id = request.connectorID {
            if let connector = policy.connectorIndex.find(id) {
                return policy.connectorNetworks[connector] == resource.network ? nil : .wrongNetwork
            }
            guard policy.gaps.contains(.connectors) else { return .unknownConnector }
            guard request.networkID != nil else {
                isUndecidable = true
                return .unknownConnector
            }
        }
        guard let network = request.networkID else { return nil }
        return policy.networkIndex.find(network) == Int(resource.network) ? nil : .wrongNetwork
    }

    private func checkAddress(
        _ policy: CompiledPolicy, _ address: IPAddress, _ resource: CompiledPolicy.CompiledResource
    ) -> ReasonCode? {
        if resource.block >= 0 {
            // Also when it was dialled by its alias: the address must still be the Resource's.
            return policy.blocks[resource.block].contains(address) ? nil : .resolvedOutsideResource
        }
        if address.isForbiddenTarget { return .resolvedOutsideResource }
        guard resource.network >= 0 else { return nil }
        let network = policy.networks[resource.network]
        guard network.rangeStart < network.rangeEnd else { return nil }
        for index in network.rangeStart..<network.rangeEnd where policy.ranges[index].contains(address) { return nil }
        return .resolvedOutsideResource
    }

    // MARK: Device and place

    private mutating func checkPosture(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ resource: CompiledPolicy.CompiledResource
    ) -> ReasonCode? {
        var isUnknown = false
        var refusal: ReasonCode?
        for index in resource.edgeStart..<resource.edgeEnd {
            let edge = policy.edges[index]
            guard Int(edge.subject) < policy.groupIsActive.count else { break }
            guard isMember(policy, edge.subject),
                weigh(policy, edge, of: selected, isGroupActive: policy.groupIsActive[edge.subject], request).contains(.live)
            else { continue }
            guard edge.securityPolicy >= 0 else { return nil }
            switch meets(policy, request, policy.securityPolicies[Int(edge.securityPolicy)]) {
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

    private func meets(
        _ policy: CompiledPolicy, _ request: AccessRequest, _ requirement: CompiledPolicy.CompiledRequirement
    ) -> Posture {
        var isUnknown = false
        if requirement.trustedDevice {
            if let id = request.deviceID {
                if let device = policy.deviceIndex.find(id) {
                    if !policy.deviceIsTrusted[device] { return .refused(.deviceUntrusted) }
                } else if policy.gaps.contains(.devices) {
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
        case .private: self == .metadataServiceV6
        case .documentation, .reserved, .public: false
        }
    }
}
