import AccessPolicy
import FlowModel

/// The policy model a second time, written from its description for clarity alone: no index, no early end, lists walked from end to end.
struct NaivePolicy {
    let snapshot: PolicySnapshot
    let options: EngineOptions

    struct Answer: Equatable {
        var reason: ReasonCode
        var resourceID: String?
        var isAmbiguous = false
        var isPostureUnknown = false
        var isUndecidable = false
    }

    private enum EdgeState { case live, expired, locked, inactiveGroup }

    func answer(_ request: AccessRequest) -> Answer {
        guard let who = request.principal else { return Answer(reason: .unknownPrincipal, isUndecidable: true) }
        if who.kind == .user {
            guard let user = snapshot.users.first(where: { $0.id == who.id }) else {
                return Answer(reason: .unknownPrincipal, isUndecidable: snapshot.gaps.contains(.users))
            }
            if user.state != .active { return Answer(reason: .principalDisabled) }
        } else {
            guard let account = snapshot.serviceAccounts.first(where: { $0.id == who.id }) else {
                return Answer(reason: .unknownPrincipal, isUndecidable: snapshot.gaps.contains(.serviceAccounts))
            }
            if let refusal = refusal(of: account, request) { return Answer(reason: refusal) }
        }
        if request.destination == .name("") { return Answer(reason: .noResource, isUndecidable: true) }
        let covering = snapshot.resources.filter { rank($0, request.destination) != nil }
        let states = Dictionary(uniqueKeysWithValues: covering.map { ($0.id, edges($0, who, request)) })
        let pool: [Resource]
        switch options.selection {
        case .granted: pool = covering.filter { $0.isActive && states[$0.id]?.contains(.live) == true }
        case .tenant: pool = covering.filter(\.isActive)
        }
        let best = pool.compactMap { rank($0, request.destination) }.max()
        let tied = pool.filter { rank($0, request.destination) == best }
        guard var chosen = tied.min(by: { Int($0.id) ?? 0 < Int($1.id) ?? 0 }) else {
            return denial(covering, states, request)
        }
        var answer = Answer(reason: .allowed, resourceID: chosen.id, isAmbiguous: tied.count > 1)
        if options.selection == .tenant, states[chosen.id]?.contains(.live) != true {
            answer.reason = reason(chosen, states[chosen.id] ?? [])
            answer.isUndecidable = grantsMayBeMissing(who)
            return answer
        }
        if chosen.routing == .bypass {
            answer.reason = .bypassResource
            return answer
        }
        if let refusal = portRefusal(chosen, request) {
            answer.reason = refusal
            answer.isUndecidable =
                request.transport == nil || (refusal == .portNotAllowed && request.port == nil && request.transport != .icmp)
            guard options.portFallthrough, !answer.isUndecidable else { return answer }
            let broader = covering.filter {
                $0.isActive && states[$0.id]?.contains(.live) == true && $0.id != chosen.id
                    && (rank($0, request.destination) ?? .max) <= (best ?? .min)
            }
            let others = broader.filter { portRefusal($0, request) == nil }
            let mightAllow = broader.contains { portRefusal($0, request) == .portNotAllowed && request.port == nil }
            let broadest = others.compactMap { rank($0, request.destination) }.max()
            let open = others.filter { rank($0, request.destination) == broadest }
            guard let next = open.min(by: { Int($0.id) ?? 0 < Int($1.id) ?? 0 }) else {
                answer.isUndecidable = mightAllow
                return answer
            }
            chosen = next
            answer = Answer(reason: .allowed, resourceID: next.id, isAmbiguous: open.count > 1)
            if chosen.routing == .bypass {
                answer.reason = .bypassResource
                return answer
            }
        }
        finish(&answer, chosen, who, request)
        return answer
    }

    private func finish(_ answer: inout Answer, _ chosen: Resource, _ who: PrincipalReference, _ request: AccessRequest) {
        let connector = request.connectorID.flatMap { id in snapshot.connectors.first { $0.id == id } }
        if request.connectorID != nil, connector == nil {
            if !snapshot.gaps.contains(.connectors) || request.networkID == nil {
                answer.reason = .unknownConnector
                answer.isUndecidable = snapshot.gaps.contains(.connectors)
                return
            }
        }
        if let network = connector?.networkID ?? request.networkID, network != chosen.networkID {
            answer.reason = .wrongNetwork
            return
        }
        if let address = request.resolvedAddress, !mayStandFor(chosen, address) {
            answer.reason = .resolvedOutsideResource
            return
        }
        guard who.kind == .user else { return }
        var outcomes: [ReasonCode?] = []
        var isUnknown = false
        for edge in chosen.access where state(edge, chosen, who, request) == .live {
            guard let id = edge.securityPolicyID ?? chosen.securityPolicyID,
                let policy = snapshot.securityPolicies.first(where: { $0.id == id })
            else { return }
            switch posture(policy, request) {
            case .some(let reason): outcomes.append(reason)
            case .none:
                if isMet(policy, request) { return }
                isUnknown = true
            }
        }
        if isUnknown {
            answer.isPostureUnknown = true
            return
        }
        for reason in [ReasonCode.locationDenied, .deviceUntrusted, .deviceUnknown] where outcomes.contains(reason) {
            answer.reason = reason
            return
        }
    }

    private func posture(_ policy: SecurityPolicy, _ request: AccessRequest) -> ReasonCode? {
        if policy.requiresTrustedDevice, let id = request.deviceID {
            guard let device = snapshot.devices.first(where: { $0.id == id }) else {
                return snapshot.gaps.contains(.devices) ? placeRefusal(policy, request) : .deviceUnknown
            }
            if !(device.isTrusted && device.isActive) { return .deviceUntrusted }
        }
        return placeRefusal(policy, request)
    }

    private func placeRefusal(_ policy: SecurityPolicy, _ request: AccessRequest) -> ReasonCode? {
        guard let country = request.location?.country.lowercased() else { return nil }
        if policy.deniedCountries.contains(where: { $0.lowercased() == country }) { return .locationDenied }
        if !policy.allowedCountries.isEmpty, !policy.allowedCountries.contains(where: { $0.lowercased() == country }) {
            return .locationDenied
        }
        return nil
    }

    /// Met beyond doubt: everything that the policy asks for is in the request.
    private func isMet(_ policy: SecurityPolicy, _ request: AccessRequest) -> Bool {
        if policy.requiresTrustedDevice {
            guard let id = request.deviceID, snapshot.devices.contains(where: { $0.id == id }) else { return false }
        }
        return !policy.asksForLocation || request.location != nil
    }

    private func refusal(of account: ServiceAccount, _ request: AccessRequest) -> ReasonCode? {
        func refusal(_ key: ServiceAccount.Key) -> ReasonCode? {
            if let time = key.revokedAt {
                if request.at >= time { return .keyRevoked }
            } else if key.isRevoked {
                return .keyRevoked
            }
            if let time = key.expiresAt, request.at >= time { return .keyExpired }
            return nil
        }
        if let id = request.serviceKeyID {
            guard let key = account.keys.first(where: { $0.id == id }) else {
                return snapshot.gaps.contains(.serviceKeys) ? nil : .unknownPrincipal
            }
            return refusal(key)
        }
        let refusals = account.keys.map(refusal)
        if refusals.contains(nil) || refusals.isEmpty || snapshot.gaps.contains(.serviceKeys) { return nil }
        return refusals.contains(.keyRevoked) ? .keyRevoked : .keyExpired
    }

    private func grantsMayBeMissing(_ who: PrincipalReference) -> Bool {
        snapshot.gaps.contains(.resources) || (who.kind == .user && snapshot.gaps.contains(.groupMembers))
    }

    private func denial(_ covering: [Resource], _ states: [String: [EdgeState]], _ request: AccessRequest) -> Answer {
        guard !covering.isEmpty else { return Answer(reason: .noResource, isUndecidable: snapshot.gaps.contains(.resources)) }
        let isUndecidable = request.principal.map(grantsMayBeMissing) ?? false
        let withEdge = covering.filter { states[$0.id]?.isEmpty == false }
        let best = withEdge.compactMap { rank($0, request.destination) }.max()
        let nearest = withEdge.filter { rank($0, request.destination) == best }.min { Int($0.id) ?? 0 < Int($1.id) ?? 0 }
        guard let nearest else { return Answer(reason: .noGrant, isUndecidable: isUndecidable) }
        return Answer(reason: reason(nearest, states[nearest.id] ?? []), isUndecidable: isUndecidable)
    }

    private func reason(_ resource: Resource, _ states: [EdgeState]) -> ReasonCode {
        if states.isEmpty { return .noGrant }
        if !resource.isActive { return .resourceInactive }
        if states.contains(.expired) { return .grantExpired }
        return states.contains(.locked) ? .grantLocked : .groupInactive
    }

    private func edges(_ resource: Resource, _ who: PrincipalReference, _ request: AccessRequest) -> [EdgeState] {
        resource.access.compactMap { state($0, resource, who, request) }
    }

    /// Nil when the edge does not lead to the principal.
    private func state(_ edge: AccessEdge, _ resource: Resource, _ who: PrincipalReference, _ request: AccessRequest) -> EdgeState? {
        var isGroupActive = true
        switch edge.subject {
        case .serviceAccount(let id):
            guard who.kind == .serviceAccount, who.id == id else { return nil }
        case .group(let id):
            guard who.kind == .user, let group = snapshot.groups.first(where: { $0.id == id }) else { return nil }
            if case .users(let members) = group.members, !members.contains(who.id) { return nil }
            isGroupActive = group.isActive
        }
        if let time = edge.expiresAt, request.at >= time { return .expired }
        if !isGroupActive { return .inactiveGroup }
        if case .autoLock(let seconds) = edge.mode ?? resource.mode, who.kind == .user, let last = lastUse(of: resource, request),
            request.at.milliseconds >= last.milliseconds + seconds * 1_000
        {
            return .locked
        }
        return .live
    }

    /// Each Resource locks by its own last use; the one in use does not.
    private func lastUse(of resource: Resource, _ request: AccessRequest) -> Timestamp? {
        if request.lastUses.inUse == resource.id { return nil }
        for (id, time) in request.lastUses.byResource where id == resource.id { return time }
        return request.lastUses.otherwise
    }

    private func portRefusal(_ resource: Resource, _ request: AccessRequest) -> ReasonCode? {
        guard let rules = resource.protocols else { return nil }
        guard let transport = request.transport else { return .protocolNotAllowed }
        let rule: PortRule
        switch transport {
        case .icmp: return rules.allowsICMP ? nil : .protocolNotAllowed
        case .tcp: rule = rules.tcp
        case .udp: rule = rules.udp
        }
        guard case .only(let ranges) = rule else { return nil }
        if ranges.isEmpty { return .protocolNotAllowed }
        guard let port = request.port else { return .portNotAllowed }
        return ranges.contains { $0.first <= port && port <= $0.last } ? nil : .portNotAllowed
    }

    private func mayStandFor(_ resource: Resource, _ address: IPAddress) -> Bool {
        if case .block(let block) = resource.address { return block.contains(address) }
        let forbidden: [AddressClass] = [.loopback, .unspecified, .linkLocal, .multicast, .sharedClientRange]
        if forbidden.contains(address.addressClass) || address.description == "fd00:ec2::254" { return false }
        let ranges = snapshot.networks.first { $0.id == resource.networkID }?.ranges ?? []
        return ranges.isEmpty || ranges.contains { $0.contains(address) }
    }

    /// How specific the match is; nil when the Resource does not cover the destination. Names and addresses never compete.
    private func rank(_ resource: Resource, _ destination: Destination) -> Int? {
        switch destination {
        case .address(let address):
            guard case .block(let block) = resource.address, block.contains(address) else { return nil }
            return block.prefixLength
        case .name(let name):
            let normalized = DomainName.normalized(name)
            if resource.alias == normalized { return .max }
            guard case .name(let pattern) = resource.address else { return nil }
            if pattern.isExact { return pattern.text == normalized ? .max : nil }
            return NaivePolicy.matches(Array(pattern.text), Array(normalized)) ? pattern.literalCount : nil
        }
    }

    /// Textbook matching: a table over every pair of beginnings.
    static func matches(_ pattern: [Character], _ name: [Character]) -> Bool {
        var table = [[Bool]](repeating: [Bool](repeating: false, count: name.count + 1), count: pattern.count + 1)
        table[0][0] = true
        for p in 0..<pattern.count {
            for n in 0...name.count {
                switch pattern[p] {
                case "*": table[p + 1][n] = table[p][n] || (n > 0 && table[p + 1][n - 1])
                case "?": table[p + 1][n] = n > 0 && table[p][n - 1]
                default: table[p + 1][n] = n > 0 && table[p][n - 1] && pattern[p] == name[n - 1]
                }
            }
        }
        return table[pattern.count][name.count]
    }
}
