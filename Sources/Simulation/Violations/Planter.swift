internal import FlowModel

/// Plans the flows with violations before the traffic begins.
///
/// A candidate is drawn, and kept only when the policy engine gives the verdict that its kind stands for: a tenant in which a
/// user's lost grant is covered by another one offers no such violation there.
struct Planter {
    private let world: World
    private let judge: Judge
    private var random: SeededRandom
    private var nextNumber: UInt64 = 0

    /// One planted flow and what is true of it.
    struct Planted: Sendable {
        var kind: ViolationKind
        var flow: PlannedFlow
        var verdict: Judge.Verdict
    }

    /// Candidates for one flow before the kind is given up.
    private static let attempts = 400
    /// Clear of a boundary by more than what a change may take to arrive and the clocks may differ: 300 s + 5 s.
    private static let clearance: Int64 = 360_000
    /// The time that a change may take to arrive at a Connector.
    private static let propagationWindow: Int64 = 300_000
    /// How long an identity provider may take to pass on that a user or a key is gone: uses within it are not planted.
    private static let identitySync: Int64 = 3_600_000

    static func plan(world: World, judge: Judge, perKind: Int) -> (planted: [Planted], missing: [ViolationKind: Int]) {
        var planter = Planter(world: world, judge: judge)
        var planted: [Planted] = []
        var missing: [ViolationKind: Int] = [:]
        for kind in ViolationKind.allCases {
            for made in 0..<perKind {
                guard let next = planter.plant(kind) else {
                    missing[kind] = perKind - made
                    break
                }
                planted.append(next)
            }
        }
        planted.sort { ($0.flow.start.milliseconds, $0.flow.number) < ($1.flow.start.milliseconds, $1.flow.number) }
        // Numbers follow the order of time, like those of ordinary flows.
        for index in planted.indices { planted[index].flow.number = UInt64(index) }
        return (planted, missing)
    }

    private init(world: World, judge: Judge) {
        self.world = world
        self.judge = judge
        random = SeededRandom(seed: world.seed, stream: .violations)
    }

    private mutating func plant(_ kind: ViolationKind) -> Planted? {
        let wanted = kind.expectation
        for _ in 0..<Planter.attempts {
            guard let flow = candidate(kind), flow.start >= world.period.start, flow.end < world.period.end,
                world.outages.runs(flow.connector, from: flow.start, to: flow.end)
            else { continue }
            let verdict = judge.verdict(of: flow)
            guard verdict.flowClass == wanted.flowClass, wanted.reason == nil || verdict.reason == wanted.reason,
                verdict.qualifiers == (wanted.qualifier.map { [$0] } ?? [])
            else { continue }
            nextNumber += 1
            return Planted(kind: kind, flow: flow, verdict: verdict)
        }
        return nil
    }

    // MARK: - Times

    /// A moment of the period's middle, away from every boundary.
    private mutating func calmMoment() -> Timestamp? {
        moment(from: world.period.start, to: world.period.end)
    }

    private mutating func moment(from start: Timestamp, to end: Timestamp) -> Timestamp? {
        let margin = Planter.clearance
        let room = end.milliseconds - start.milliseconds - 2 * margin
        guard room > 0 else { return nil }
        for _ in 0..<20 {
            let time = start.advanced(byMilliseconds: margin + Int64(random.below(Int(room))))
            let isCalm = world.boundaries.allSatisfy { abs($0.milliseconds - time.milliseconds) > margin }
            if isCalm { return time }
        }
        return nil
    }

    /// A change with an edit that `choose` accepts, its number and the edit's value.
    private mutating func change<Value>(_ choose: (PolicyStory.Edit) -> Value?) -> (index: Int, at: Timestamp, value: Value)? {
        guard !world.story.changes.isEmpty else { return nil }
        let index = random.below(world.story.changes.count)
        let change = world.story.changes[index]
        guard let value = random.pick(change.edits.compactMap(choose)) else { return nil }
        return (index, change.at, value)
    }

    /// A member of a group that lost a grant by a change.
    private mutating func lostGrant() -> (index: Int, at: Timestamp, user: Int, resource: Int)? {
        let found = change { edit -> (Int, Int)? in
            if case .removedGrant(let group, let resource) = edit { (group, resource) } else { nil }
        }
        guard let found, let user = member(of: found.value.0) else { return nil }
        return (found.index, found.at, user, found.value.1)
    }

    /// A user that was disabled by a change, and a Resource that was open to them until then.
    private mutating func disabledUser() -> (index: Int, at: Timestamp, user: Int, resource: Int)? {
        let found = change { edit -> Int? in if case .disabledUser(let user) = edit { user } else { nil } }
        guard let found,
            let resource = reachable(
                by: found.value, in: world.story.states[found.index], at: found.at.advanced(byMilliseconds: -1))
        else { return nil }
        return (found.index, found.at, found.value, resource)
    }

    // MARK: - Who and where

    private mutating func member(of group: Int) -> Int? {
        for _ in 0..<100 {
            let user = random.below(world.tenant.users.count)
            if world.tenant.users[user].groups.contains(group) { return user }
        }
        return nil
    }

    private mutating func activeUser(_ state: AccessState) -> Int? {
        for _ in 0..<50 {
            let user = random.below(world.tenant.users.count)
            if state.isUserActive[user] { return user }
        }
        return nil
    }

    private mutating func reachable(by user: Int, in state: AccessState, at time: Timestamp) -> Int? {
        let groups = world.tenant.users[user].groups
        for _ in 0..<20 {
            let grants = state.grants[groups[random.below(groups.count)]]
            guard let grant = random.pick(grants) else { continue }
            if state.allows(.user(user), grant.resource, of: world.tenant, at: time) { return grant.resource }
        }
        return nil
    }

    /// A short ordinary flow of a user, as it would be if it were allowed.
    private mutating func flow(
        _ caller: Caller, _ resource: Int, at time: Timestamp, network: Int? = nil, connector: Int? = nil
    ) -> PlannedFlow? {
        let index = world.story.stateIndex(at: time)
        let state = world.story.states[index]
        let target = world.tenant.resources[resource]
        let end = time.advanced(byMilliseconds: Int64(random.magnitude(powers: 8...16)))
        let network = network ?? state.networkOfResource[resource]
        guard let connector = connector ?? random.pick(world.connectors(of: network, from: time, to: end)) else { return nil }
        let host = random.below(target.hosts.count)
        var flow = PlannedFlow(
            number: nextNumber, start: time, end: end, caller: caller, connector: connector, resource: resource, host: host,
            address: state.address(of: target.hosts[host], resource: resource), transport: target.transport,
            port: target.ports[0], policy: index, isPlanted: true)
        flow.received = random.magnitude(powers: 8...18)
        flow.sent = random.magnitude(powers: 7...14)
        if case .user(let user) = caller { Traffic.place(&flow, user, mustBeTrusted: target.needsTrustedDevice, seed: world.seed) }
        return flow
    }

    /// What an allowed user does at a calm moment.
    private mutating func allowedFlow(_ accept: (SimulatedResource) -> Bool = { _ in true }) -> PlannedFlow? {
        guard let time = calmMoment() else { return nil }
        let state = world.story.states[world.story.stateIndex(at: time)]
        guard let user = activeUser(state), let resource = reachable(by: user, in: state, at: time),
            accept(world.tenant.resources[resource])
        else { return nil }
        return flow(.user(user), resource, at: time)
    }
}

// MARK: - One candidate of each kind

extension Planter {
    private mutating func candidate(_ kind: ViolationKind) -> PlannedFlow? {
        switch kind {
        case .noGrant: return foreignFlow { $0.form != .bypass }
        case .bypassCarried: return bypassFlow()
        case .portNotAllowed:
            var flow = allowedFlow()
            flow?.port = 4_444
            return flow
        case .noResource:
            var flow = allowedFlow()
            let number = random.below(50)
            flow?.dialled = "leak-\(number).\(Vocabulary.outsideDomain)"
            // 198.51.100.0/24 is for documentation (RFC 5737).
            flow?.address = IPAddress(v4: 0xc633_6400 + UInt32(number + 1))
            return flow
        case .wrongNetwork: return wrongNetworkFlow()
        case .disabledUser: return disabledUserFlow()
        case .revokedKey: return revokedKeyFlow()
        case .expiredGrant: return expiredGrantFlow()
        case .unknownConnector:
            guard world.unknownConnector != nil, var flow = allowedFlow() else { return nil }
            flow.connector = world.tenant.connectors.count
            return flow
        case .misrouted: return misroutedFlow()
        case .rebound:
            var flow = allowedFlow { $0.form == .name || $0.form == .wildcard }
            flow?.address = IPAddress(v4: 0xa9fe_a9fe)
            return flow
        case .untrustedDevice:
            var flow = allowedFlow { $0.needsTrustedDevice }
            flow?.device = 1
            return flow
        case .overBlocked:
            var flow = allowedFlow()
            flow?.outcome = .denied(reason: "no-grant")
            if let start = flow?.start { flow?.end = start }
            return flow
        case .staleLate: return staleFlow()
        case .propagation: return propagationFlow()
        case .outlived: return outlivedFlow()
        case .alias: return aliasFlow()
        }
    }

    private mutating func foreignFlow(_ accept: (SimulatedResource) -> Bool) -> PlannedFlow? {
        guard let time = calmMoment() else { return nil }
        let state = world.story.states[world.story.stateIndex(at: time)]
        let resource = random.below(world.tenant.resources.count)
        guard let user = activeUser(state), accept(world.tenant.resources[resource]) else { return nil }
        return flow(.user(user), resource, at: time)
    }

    private mutating func bypassFlow() -> PlannedFlow? {
        let bypassed = world.tenant.resources.indices.filter { world.tenant.resources[$0].form == .bypass }
        guard let resource = random.pick(bypassed), let time = calmMoment() else { return nil }
        let state = world.story.states[world.story.stateIndex(at: time)]
        guard let group = random.pick(state.grants.indices.filter { state.grant(group: $0, resource: resource) != nil }),
            let user = member(of: group)
        else { return nil }
        return flow(.user(user), resource, at: time)
    }

    private mutating func wrongNetworkFlow() -> PlannedFlow? {
        guard let allowed = allowedFlow() else { return nil }
        let networks = world.tenant.networks.count
        let right = world.tenant.connectors[allowed.connector].network
        let wrong = (right + 1 + random.below(networks - 1)) % networks
        return flow(allowed.caller, allowed.resource, at: allowed.start, network: wrong)
    }

    private mutating func disabledUserFlow() -> PlannedFlow? {
        guard let lost = disabledUser(),
            let time = moment(from: lost.at.advanced(byMilliseconds: Planter.identitySync), to: world.period.end)
        else { return nil }
        return flow(.user(lost.user), lost.resource, at: time)
    }

    private mutating func revokedKeyFlow() -> PlannedFlow? {
        let found = change { edit -> Caller? in
            if case .revokedKey(let account, let key) = edit { .serviceAccount(account, key: key) } else { nil }
        }
        guard let found, case .serviceAccount(let account, _) = found.value,
            let time = moment(from: found.at.advanced(byMilliseconds: Planter.identitySync), to: world.period.end),
            let resource = random.pick(world.tenant.serviceAccounts[account].resources)
        else { return nil }
        return flow(found.value, resource, at: time)
    }

    private mutating func expiredGrantFlow() -> PlannedFlow? {
        guard let time = calmMoment() else { return nil }
        let state = world.story.states[world.story.stateIndex(at: time)]
        var expired: [(group: Int, resource: Int)] = []
        for (group, grants) in state.grants.enumerated() {
            for grant in grants {
                if let expiry = grant.expiresAt, expiry < time { expired.append((group, grant.resource)) }
            }
        }
        guard let edge = random.pick(expired), let user = member(of: edge.group) else { return nil }
        return flow(.user(user), edge.resource, at: time)
    }

    private mutating func misroutedFlow() -> PlannedFlow? {
        guard let allowed = allowedFlow({ $0.coveredBy != nil }),
            let broad = world.tenant.resources[allowed.resource].coveredBy
        else { return nil }
        var flow = allowed
        // The Connector applied the wildcard or the block, the destination stays that of the more specific Resource.
        flow.dialled = world.tenant.resources[allowed.resource].hosts[allowed.host].dialled
        flow.resource = broad
        flow.host = 0
        return flow
    }

    /// Late beyond doubt: a minute to half an hour after the last moment at which the change may arrive.
    private static let staleDelay = Int(propagationWindow) + 60_000...Int(propagationWindow) + 1_800_000

    private mutating func staleFlow() -> PlannedFlow? {
        guard let lost = lostGrant() else { return nil }
        let start = lost.at.advanced(byMilliseconds: Int64(random.within(Planter.staleDelay)))
        guard var flow = flow(.user(lost.user), lost.resource, at: start) else { return nil }
        flow.policy = lost.index
        return flow
    }

    /// Between a change and its arrival at the Connector that carries the flow.
    private mutating func propagationFlow() -> PlannedFlow? {
        guard let lost = lostGrant(), var flow = flow(.user(lost.user), lost.resource, at: lost.at) else { return nil }
        let arrival = world.arrivals(at: flow.connector)[lost.index].at
        let delay = 1 + Int64(random.below(Int(arrival.milliseconds - lost.at.milliseconds) - 1))
        flow.start = lost.at.advanced(byMilliseconds: delay)
        flow.end = flow.end.advanced(byMilliseconds: delay)
        flow.policy = lost.index
        return flow
    }

    private mutating func outlivedFlow() -> PlannedFlow? {
        guard let lost = random.chance(perMille: 500) ? disabledUser() : lostGrant() else { return nil }
        let start = lost.at.advanced(byMilliseconds: -Int64(random.within(400_000...1_800_000)))
        guard var flow = flow(.user(lost.user), lost.resource, at: start) else { return nil }
        flow.end = lost.at.advanced(byMilliseconds: Planter.clearance + Int64(random.within(60_000...1_800_000)))
        return flow
    }

    private mutating func aliasFlow() -> PlannedFlow? {
        guard var flow = allowedFlow({ $0.alias != nil }) else { return nil }
        flow.host = 1
        return flow
    }
}
