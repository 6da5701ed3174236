internal import FlowModel

/// What people and machines do.
extension Traffic {
    /// One call of a regular job; nil when its account has no key left or the Resource is closed to it.
    mutating func flow(for call: ServiceJobs.Call) -> PlannedFlow? {
        let state = world.story.states[world.story.stateIndex(at: call.at)]
        guard let key = state.usableKey(of: call.account, at: call.at) else { return nil }
        let caller = Caller.serviceAccount(call.account, key: key)
        guard isOpen(caller, call.resource, at: call.at),
            var flow = draft(caller, call.resource, state, at: call.at)
        else { return nil }
        flow.received = call.received
        flow.sent = call.sent
        flow.end = call.at.advanced(byMilliseconds: Int64(call.duration))
        flow.path = .direct
        return flow
    }

    /// A person does something: a few flows to one Resource within some seconds.
    mutating func visit(from minute: Timestamp, room: Int, into flows: inout [PlannedFlow]) {
        let offset = random.below(Int(SimulatedPeriod.millisecondsPerMinute))
        let time = minute.advanced(byMilliseconds: Int64(offset))
        let state = world.story.states[world.story.stateIndex(at: time)]
        guard let user = drawUser(state) else { return }
        if random.chance(perMille: Traffic.deniedShare), let flow = refusedFlow(user, state, at: time) {
            flows.append(flow)
            return
        }
        let resource = drawResource(user, state, at: time)
        let isWeb = world.tenant.resources[resource].ports.contains(443)
        let burst = min(room, 1 + random.below(isWeb ? Traffic.webBurst : Traffic.otherBurst))
        for number in 0..<burst {
            // The first is the click, the others follow within ten seconds and within the minute.
            let room = min(Traffic.burstLength, Int(SimulatedPeriod.millisecondsPerMinute) - offset)
            let start = number == 0 ? time : time.advanced(byMilliseconds: Int64(random.below(room)))
            guard var flow = draft(.user(user), resource, state, at: start) else { return }
            fill(&flow)
            if let end = world.endOfAccess(flow) { flow.cut(at: end, .policy) }
            flows.append(flow)
        }
    }

    /// A browser opens several connections at once; other programs few.
    private static let webBurst = 5
    private static let otherBurst = 2
    private static let burstLength = 10_000

    private mutating func drawUser(_ state: AccessState) -> Int? {
        // A policy story leaves at least two users active, so this ends; the bound is for tenants where nearly all are disabled.
        for _ in 0..<1_000 {
            let user = usersByRank[rankChoice.draw(&random)]
            if state.isUserActive[user] { return user }
        }
        return state.isUserActive.firstIndex(of: true)
    }

    private mutating func drawResource(_ user: Int, _ state: AccessState, at time: Timestamp) -> Int {
        let groups = world.tenant.users[user].groups
        for _ in 0..<8 {
            let group = groups[random.below(groups.count)]
            if let resource = catalogue.draw(group: group, &random), isOpen(.user(user), resource, at: time) { return resource }
        }
        return commonResource
    }

    /// A flow without content: where from, where to, through which Connector. Nil when no Connector of the network runs.
    mutating func draft(_ caller: Caller, _ resource: Int, _ state: AccessState, at time: Timestamp) -> PlannedFlow? {
        let target = world.tenant.resources[resource]
        guard let connector = random.pick(runningConnectors(of: state.networkOfResource[resource])) else { return nil }
        let host = random.below(target.hosts.count)
        var flow = PlannedFlow(
            number: takeNumber(), start: time, end: time, caller: caller, connector: connector, resource: resource, host: host,
            address: state.address(of: target.hosts[host], resource: resource), transport: target.transport,
            port: target.ports[
                target.ports.count > 1 && random.chance(perMille: 250) ? 1 + random.below(target.ports.count - 1) : 0],
            policy: 0)
        if case .user(let user) = caller { Traffic.place(&flow, user, mustBeTrusted: target.needsTrustedDevice, seed: world.seed) }
        return flow
    }

    /// Where a person works and with what is settled for the day; the way to the Connector too.
    static func place(_ flow: inout PlannedFlow, _ user: Int, mustBeTrusted: Bool, seed: UInt64) {
        let day = flow.start.milliseconds / SimulatedPeriod.millisecondsPerDay
        let mood = SeededRandom.mix(seed ^ UInt64(truncatingIfNeeded: day) << 32 ^ UInt64(user))
        flow.isAtOffice = mood & 3 != 0
        flow.device = !mustBeTrusted && mood >> 2 & 7 == 0 ? 1 : 0
        flow.path = mood >> 5 & 7 < 5 ? .direct : .relay(Int(mood >> 8 & 0xff) % EventLines.relayCount)
    }

    /// How long, how much, and whether it works.
    private mutating func fill(_ flow: inout PlannedFlow) {
        let isInteractive = Traffic.interactivePorts.contains(flow.port)
        if random.chance(perMille: Traffic.failedShare) {
            let error = random.below(Vocabulary.errors.count)
            flow.outcome = .failed(error: error)
            // A refusal is at once, silence takes until the Connector gives up.
            flow.end = flow.start.advanced(byMilliseconds: Int64(error == 1 ? 10_000 : random.within(1...400)))
            return
        }
        let duration: Int
        if flow.transport == .udp {
            duration = random.magnitude(powers: 3...7)
            flow.received = random.magnitude(powers: 6...9)
            flow.sent = random.magnitude(powers: 5...7)
        } else {
            duration = isInteractive ? random.magnitude(powers: 12...22) : random.magnitude(powers: 6...16)
            flow.received = random.magnitude(powers: 8...21)
            flow.sent = random.magnitude(powers: 7...15)
        }
        flow.end = flow.start.advanced(byMilliseconds: Int64(duration))
        let draw = random.below(10)
        flow.closeReason = draw < 6 ? .client : draw < 9 ? .resource : .idle
    }

    /// Shells, desktops and databases: connections that last.
    private static let interactivePorts: Set<UInt16> = [22, 3389, 5432, 3306]

    /// Somebody asks for something that is not theirs, always for the same few things, and is refused.
    private mutating func refusedFlow(_ user: Int, _ state: AccessState, at time: Timestamp) -> PlannedFlow? {
        guard world.stateBeforeRecentChange(at: time) == nil else { return nil }
        guard let resource = temptation(user, state, at: time),
            var flow = draft(.user(user), resource, state, at: time),
            let reason = judge.denial(of: flow)
        else { return nil }
        flow.outcome = .denied(reason: reason)
        flow.path = .relay(user % EventLines.relayCount)
        return flow
    }

    /// One of two Resources that the user may not use, the same ones as long as the policy stays.
    private mutating func temptation(_ user: Int, _ state: AccessState, at time: Timestamp) -> Int? {
        var skipped = random.below(2)
        for attempt in 0..<Traffic.temptations {
            let draw = SeededRandom.mix(SeededRandom.mix(world.seed ^ UInt64(user) << 8) ^ UInt64(attempt))
            let resource = Int(draw % UInt64(world.tenant.resources.count))
            guard !state.allows(.user(user), resource, of: world.tenant, at: time) else { continue }
            if skipped == 0 { return resource }
            skipped -= 1
        }
        return nil
    }

    /// Draws before a user is taken for one who may use everything.
    private static let temptations = 16
}
