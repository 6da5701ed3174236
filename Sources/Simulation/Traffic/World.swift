internal import AccessPolicy
internal import FlowModel

/// What a simulation is about, settled before the first flow: tenant, policies, Connectors and when they run.
struct World: Sendable {
    let seed: UInt64
    let period: SimulatedPeriod
    let tenant: Tenant
    let story: PolicyStory
    let outages: Outages
    /// One of each state.
    let snapshots: [PolicySnapshot]
    let policies: [(version: Int64, digest: String)]
    /// A Connector that writes a journal and that no policy knows, when one is asked for: its index follows the tenant's Connectors.
    let unknownConnector: EventLines.Speaker?
    let boundaries: [Timestamp]

    /// For so long after a change, ordinary traffic uses only what is allowed before and after it: Connectors learn of it one by one.
    static let settlingTime: Int64 = 60_000
    /// The longest that a Connector takes to learn of a change.
    static let maxArrival = 45_000
    static let unknownConnectorID = "999001"

    init(options: SimulationOptions) throws(SimulationProblem) {
        seed = options.seed
        period = options.period
        tenant = TenantMaker.make(shape: options.shape, seed: options.seed)
        let week = WorkingWeek(period: period)
        story = PolicyStoryMaker.make(
            tenant: tenant, period: period, changes: week.changeTimes(count: options.policyChanges, period: period),
            seed: options.seed)
        outages = Outages(tenant: tenant, period: period, seed: options.seed)
        var snapshots: [PolicySnapshot] = []
        for (index, state) in story.states.enumerated() {
            snapshots.append(try SnapshotMaker(tenant: tenant).snapshot(of: state, version: Int64(index + 1)))
        }
        self.snapshots = snapshots
        policies = snapshots.map { (version: $0.version ?? 0, digest: $0.digest) }
        boundaries = story.boundaries
        if options.violationsPerKind > 0, let network = tenant.networks.last {
            unknownConnector = EventLines.Speaker(
                id: World.unknownConnectorID, name: "stray-heron", networkID: network.id, networkName: network.name)
        } else {
            unknownConnector = nil
        }
    }

    var speakers: [EventLines.Speaker] {
        var speakers = tenant.connectors.map { connector in
            let network = tenant.networks[connector.network]
            return EventLines.Speaker(id: connector.id, name: connector.name, networkID: network.id, networkName: network.name)
        }
        if let unknownConnector { speakers.append(unknownConnector) }
        return speakers
    }

    /// When a Connector learns of each change.
    func arrivals(at connector: Int) -> [(at: Timestamp, policy: Int)] {
        story.changes.enumerated().map { index, change in
            let delay = SeededRandom.mix(seed ^ UInt64(connector) << 32 ^ UInt64(index)) % UInt64(World.maxArrival)
            return (change.at.advanced(byMilliseconds: 1_000 + Int64(delay)), index + 1)
        }
    }

    /// Whether a change came into force less than the settling time before `time`; gives the state before it.
    func stateBeforeRecentChange(at time: Timestamp) -> AccessState? {
        let index = story.stateIndex(at: time)
        guard index > 0, time.milliseconds - story.states[index].effectiveAt.milliseconds < World.settlingTime else { return nil }
        return story.states[index - 1]
    }

    /// The first boundary after `start` and until `end` at which the flow would no longer be allowed, and when its Connector ends it.
    func endOfAccess(_ flow: PlannedFlow) -> Timestamp? {
        var low = 0
        var high = boundaries.count
        while low < high {
            let middle = (low + high) / 2
            if boundaries[middle] <= flow.start { low = middle + 1 } else { high = middle }
        }
        let begun = story.states[story.stateIndex(at: flow.start)]
        for boundary in boundaries[low...] {
            guard boundary <= flow.end else { return nil }
            let state = story.states[story.stateIndex(at: boundary)]
            if !state.allows(flow.caller, flow.resource, of: tenant, at: boundary)
                || state.networkOfResource[flow.resource] != begun.networkOfResource[flow.resource]
            {
                return boundary.advanced(byMilliseconds: 1_000 + Int64(flow.number % UInt64(World.maxArrival)))
            }
        }
        return nil
    }

    /// Connectors of a network that run during the whole of a stretch of time.
    func connectors(of network: Int, from start: Timestamp, to end: Timestamp) -> [Int] {
        tenant.networks[network].connectors.filter { outages.runs($0, from: start, to: end) }
    }
}
