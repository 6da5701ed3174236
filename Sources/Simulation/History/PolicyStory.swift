internal import FlowModel

/// The states of a tenant's policy over the period, and the edits that lead from one to the next.
struct PolicyStory: Sendable {
    /// One thing that an administrator did.
    enum Edit: Sendable, Hashable {
        case disabledUser(Int)
        case removedGrant(group: Int, resource: Int)
        case addedGrant(group: Int, resource: Int)
        case addedExpiringGrant(group: Int, resource: Int, expiresAt: Timestamp)
        case movedResource(Int, from: Int, to: Int)
        case deactivatedResource(Int)
        case revokedKey(account: Int, key: Int)
    }

    struct Change: Sendable {
        var at: Timestamp
        var edits: [Edit]
    }

    /// At least one, ascending; the first is in force from the start of the period.
    var states: [AccessState]
    /// One fewer than states.
    var changes: [Change]

    /// The index of the state in force at `time`; the first one before the period.
    func stateIndex(at time: Timestamp) -> Int {
        var index = states.count - 1
        while index > 0, time < states[index].effectiveAt { index -= 1 }
        return index
    }

    /// The moments at which somebody may lose or gain access: changes and expiries, ascending, without repetition.
    var boundaries: [Timestamp] {
        var moments = Set(changes.map(\.at))
        for state in states {
            for list in state.grants {
                for grant in list { if let expiry = grant.expiresAt { moments.insert(expiry) } }
            }
        }
        return moments.sorted()
    }
}

/// Writes a policy story: the first state and its changes.
struct PolicyStoryMaker {
    private let tenant: Tenant
    private var random: SeededRandom
    private var state: AccessState
    private var movedOut = 0
    private let commonResource: Int

    /// In 1,000 Resources, how many are granted to a second department and to Everyone.
    private static let secondGrantShare = 400
    private static let everyoneShare = 120
    /// One user in so many is disabled by each change, at least one.
    private static let usersPerDisabled = 200
    /// How long after the change that made it an expiring grant lasts: a part, in 1,000, of what is left of the period.
    private static let expiringGrantLife = 500
    /// Where in the period the grant ends that was there from the start, in 1,000.
    private static let firstExpiry = 450

    static func make(tenant: Tenant, period: SimulatedPeriod, changes: [Timestamp], seed: UInt64) -> PolicyStory {
        var maker = PolicyStoryMaker(tenant: tenant, period: period, seed: seed)
        maker.grantEverything(period)
        var story = PolicyStory(states: [maker.state], changes: [])
        for (number, time) in changes.enumerated() {
            let edits = maker.edit(at: time, number: number, period: period)
            story.changes.append(PolicyStory.Change(at: time, edits: edits))
            story.states.append(maker.state)
        }
        return story
    }

    private init(tenant: Tenant, period: SimulatedPeriod, seed: UInt64) {
        self.tenant = tenant
        commonResource = PolicyStoryMaker.commonResource(of: tenant)
        random = SeededRandom(seed: seed, stream: .history)
        state = AccessState(
            effectiveAt: period.start,
            isUserActive: [Bool](repeating: true, count: tenant.users.count),
            grants: [[AccessState.Grant]](repeating: [], count: tenant.groups.count),
            isResourceActive: [Bool](repeating: true, count: tenant.resources.count),
            networkOfResource: tenant.resources.map(\.network),
            revokedAt: tenant.serviceAccounts.map { [Timestamp?](repeating: nil, count: $0.keys.count) })
    }

    private mutating func grantEverything(_ period: SimulatedPeriod) {
        let departments = tenant.groups.count - 1
        let sizes = WeightedChoice.zipf(count: departments, flattening: 3)
        var groupsOf = [[Int]](repeating: [], count: tenant.resources.count)
        for index in tenant.resources.indices {
            if let covering = tenant.resources[index].coveredBy {
                groupsOf[index] = groupsOf[covering]
                continue
            }
            // The first Resources go round all departments, so that none is without.
            var groups: Set<Int> = [index < departments ? index + 1 : sizes.draw(&random) + 1]
            if random.chance(perMille: PolicyStoryMaker.secondGrantShare) { groups.insert(sizes.draw(&random) + 1) }
            if random.chance(perMille: PolicyStoryMaker.everyoneShare) || index == commonResource { groups.insert(0) }
            groupsOf[index] = groups.sorted()
        }
        // Ascending Resources, so that every list comes out in order.
        for (resource, groups) in groupsOf.enumerated() {
            for group in groups { state.grants[group].append(AccessState.Grant(resource: resource)) }
        }
        let length = period.end.milliseconds - period.start.milliseconds
        let expiry = period.start.advanced(byMilliseconds: length / 1_000 * Int64(PolicyStoryMaker.firstExpiry))
        _ = addExpiringGrant(expiresAt: expiry)
    }

    private mutating func edit(at time: Timestamp, number: Int, period: SimulatedPeriod) -> [PolicyStory.Edit] {
        state.effectiveAt = time
        var edits: [PolicyStory.Edit?] = []
        let disabled = max(1, tenant.users.count / PolicyStoryMaker.usersPerDisabled)
        for _ in 0..<disabled { edits.append(disableUser()) }
        edits.append(removeGrant())
        edits.append(addGrant())
        edits.append(moveResource())
        edits.append(revokeKey(number, at: time))
        if number % 2 == 1 { edits.append(deactivateResource()) }
        let left = period.end.milliseconds - time.milliseconds
        let life = left / 1_000 * Int64(PolicyStoryMaker.expiringGrantLife)
        edits.append(addExpiringGrant(expiresAt: time.advanced(byMilliseconds: life)))
        return edits.compactMap { $0 }
    }

    private mutating func disableUser() -> PolicyStory.Edit? {
        let active = state.isUserActive.indices.filter { state.isUserActive[$0] }
        // Somebody must be left to make traffic.
        guard active.count > 2, let user = random.pick(active) else { return nil }
        state.isUserActive[user] = false
        return .disabledUser(user)
    }

    /// Groups and Resources for which an edit is wanted are drawn until one fits; a tenant without any goes without that edit.
    private static let attempts = 200

    /// The Resource that everybody may use and no change touches: traffic always finds something to do.
    static func commonResource(of tenant: Tenant) -> Int {
        // Every tenant has names among its first twelve Resources.
        tenant.resources.firstIndex { $0.form == .name && $0.coveredBy == nil && !$0.needsTrustedDevice } ?? 0
    }

    /// Not a pair of overlapping Resources: those are kept whole, for the sake of the more specific one.
    private func isPlain(_ resource: Int) -> Bool {
        let value = tenant.resources[resource]
        return resource != commonResource && value.coveredBy == nil && (value.form == .name || value.form == .address)
            && state.isResourceActive[resource]
    }

    private mutating func removeGrant() -> PolicyStory.Edit? {
        for _ in 0..<PolicyStoryMaker.attempts {
            let group = random.below(tenant.groups.count)
            guard state.grants[group].count > 1 else { continue }
            let index = random.below(state.grants[group].count)
            let grant = state.grants[group][index]
            guard grant.expiresAt == nil, isPlain(grant.resource) else { continue }
            state.grants[group].remove(at: index)
            return .removedGrant(group: group, resource: grant.resource)
        }
        return nil
    }

    private mutating func freeEdge() -> (group: Int, resource: Int)? {
        for _ in 0..<PolicyStoryMaker.attempts {
            let group = 1 + random.below(tenant.groups.count - 1)
            let resource = random.below(tenant.resources.count)
            if isPlain(resource), state.grant(group: group, resource: resource) == nil,
                state.grant(group: 0, resource: resource) == nil
            {
                return (group, resource)
            }
        }
        return nil
    }

    private mutating func addGrant() -> PolicyStory.Edit? {
        guard let (group, resource) = freeEdge() else { return nil }
        state.add(AccessState.Grant(resource: resource), to: group)
        return .addedGrant(group: group, resource: resource)
    }

    private mutating func addExpiringGrant(expiresAt time: Timestamp) -> PolicyStory.Edit? {
        guard let (group, resource) = freeEdge() else { return nil }
        // People write full minutes.
        let expiresAt = Timestamp(milliseconds: time.milliseconds - time.milliseconds % SimulatedPeriod.millisecondsPerMinute)
        state.add(AccessState.Grant(resource: resource, expiresAt: expiresAt), to: group)
        return .addedExpiringGrant(group: group, resource: resource, expiresAt: expiresAt)
    }

    private mutating func moveResource() -> PolicyStory.Edit? {
        for _ in 0..<PolicyStoryMaker.attempts {
            let resource = random.below(tenant.resources.count)
            let value = tenant.resources[resource]
            guard value.form == .name, isPlain(resource), state.movedHosts[resource] == nil else { continue }
            let from = state.networkOfResource[resource]
            let to = (from + 1 + random.below(tenant.networks.count - 1)) % tenant.networks.count
            state.networkOfResource[resource] = to
            // 10.N.48.0–10.N.63.255 is where moved hosts go.
            let base = UInt32(truncatingIfNeeded: tenant.networks[to].block.base.low)
            state.movedHosts[resource] = IPAddress(v4: base | UInt32(48 + movedOut / 250 % 16) << 8 | UInt32(2 + movedOut % 250))
            movedOut += 1
            return .movedResource(resource, from: from, to: to)
        }
        return nil
    }

    private mutating func deactivateResource() -> PolicyStory.Edit? {
        for _ in 0..<PolicyStoryMaker.attempts {
            let resource = random.below(tenant.resources.count)
            guard isPlain(resource) else { continue }
            state.isResourceActive[resource] = false
            return .deactivatedResource(resource)
        }
        return nil
    }

    private mutating func revokeKey(_ number: Int, at time: Timestamp) -> PolicyStory.Edit? {
        let account = number % tenant.serviceAccounts.count
        guard let key = state.usableKey(of: account, at: time) else { return nil }
        state.revokedAt[account][key] = time
        return .revokedKey(account: account, key: key)
    }
}
