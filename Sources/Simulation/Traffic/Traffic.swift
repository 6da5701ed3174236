internal import FlowModel

/// Makes the flows of the whole period, minute by minute, and hands each to its Connector.
///
/// Memory holds the tenant, the open flows and one minute of traffic, whatever the number of flows.
struct Traffic {
    let world: World
    private let recorders: [ConnectorRecorder]
    var random: SeededRandom
    private let week: WorkingWeek
    /// Users by how much they do, the busiest first.
    var usersByRank: [Int]
    let rankChoice: WeightedChoice
    private var jobs: ServiceJobs
    var catalogue: GroupCatalogue
    private var nextBoundary = 0
    private let planted: [PlannedFlow]
    private var nextPlanted = 0
    private var nextOutage = 0
    private var restarts: [Outages.Outage] = []
    private var nextNumber: UInt64
    /// Flows that fail over in the minute that begins.
    private var reconnecting: [PlannedFlow] = []
    let judge: Judge
    /// A Resource that everybody may use, all the time.
    let commonResource: Int
    private(set) var told = 0

    /// Of Zipf's law over users: the busiest makes some twenty times the traffic of the median one.
    private static let userFlattening = 6
    /// In 1,000 calls of people: those that fail, and those that ask for something that is not theirs.
    static let failedShare = 15
    static let deniedShare = 9
    /// Of the flows that a stopping Connector cuts, how many in 1,000 come back through another one.
    private static let failOverShare = 750

    init(world: World, recorders: [ConnectorRecorder], planted: [PlannedFlow], judge: Judge, flows: Int) {
        self.world = world
        self.recorders = recorders
        self.planted = planted
        self.judge = judge
        random = SeededRandom(seed: world.seed, stream: .traffic)
        week = WorkingWeek(period: world.period)
        usersByRank = Array(world.tenant.users.indices)
        random.shuffle(&usersByRank)
        rankChoice = WeightedChoice.zipf(count: usersByRank.count, flattening: Traffic.userFlattening)
        jobs = ServiceJobs(tenant: world.tenant, period: world.period, flows: flows, random: &random)
        catalogue = GroupCatalogue(tenant: world.tenant, state: world.story.states[0], at: world.period.start, seed: world.seed)
        nextNumber = UInt64(planted.count)
        commonResource = PolicyStoryMaker.commonResource(of: world.tenant)
    }

    /// - Parameter flows: how many to make in all, planted ones included.
    mutating func run(flows: Int) throws(SimulationProblem) {
        let period = world.period
        for recorder in recorders { try recorder.start(at: period.start, policy: 0) }
        let total = week.totalWeight(minutes: period.minutes)
        var weight = 0
        for minute in 0..<period.minutes {
            let start = period.start.advanced(byMilliseconds: Int64(minute) * SimulatedPeriod.millisecondsPerMinute)
            try beginMinute(start)
            weight += week.weight(ofMinute: minute)
            // The last minute's share is exactly the rest.
            let quota = Traffic.share(of: flows - planted.count, weight, total) + nextPlanted - told
            try tellMinute(from: start, quota: quota)
        }
        // The last moment that belongs to the period.
        let last = period.end.advanced(byMilliseconds: -1)
        for recorder in recorders where recorder.isRunning { _ = try recorder.stop(at: last) }
    }

    /// `count` × `part` / `whole`, rounded down, without overflow.
    private static func share(of count: Int, _ part: Int, _ whole: Int) -> Int {
        guard count > 0, whole > 0 else { return 0 }
        let product = UInt64(count).multipliedFullWidth(by: UInt64(part))
        return Int(UInt64(whole).dividingFullWidth(product).quotient)
    }

    /// Outages and boundaries fall on full minutes.
    private mutating func beginMinute(_ start: Timestamp) throws(SimulationProblem) {
        let before = nextBoundary
        while nextBoundary < world.boundaries.count, world.boundaries[nextBoundary] <= start { nextBoundary += 1 }
        if nextBoundary > before {
            let state = world.story.states[world.story.stateIndex(at: start)]
            catalogue = GroupCatalogue(tenant: world.tenant, state: state, at: start, seed: world.seed)
        }
        reconnecting.removeAll(keepingCapacity: true)
        while let restart = restarts.first, restart.start <= start {
            restarts.removeFirst()
            try recorders[restart.connector].start(at: start, policy: world.story.stateIndex(at: start))
        }
        while nextOutage < world.outages.list.count, world.outages.list[nextOutage].stop <= start {
            let outage = world.outages.list[nextOutage]
            nextOutage += 1
            let cut = try recorders[outage.connector].stop(at: outage.stop)
            let index = restarts.firstIndex { $0.start > outage.start } ?? restarts.count
            restarts.insert(outage, at: index)
            for flow in cut { failOver(flow, at: outage.stop) }
        }
    }

    /// The client of a flow that was cut tries again through another Connector of the network.
    private mutating func failOver(_ flow: PlannedFlow, at time: Timestamp) {
        guard case .carried = flow.outcome, !flow.isPlanted, flow.end.milliseconds - time.milliseconds > 10_000,
            random.chance(perMille: Traffic.failOverShare)
        else { return }
        let start = time.advanced(byMilliseconds: Int64(random.within(300...3_000)))
        let network = world.tenant.connectors[flow.connector].network
        guard let connector = random.pick(runningConnectors(of: network)), isOpen(flow.caller, flow.resource, at: start) else {
            return
        }
        var next = flow
        // The rest of the bytes goes the new way.
        next.cut(at: time, .client)
        next.received = flow.received - next.received
        next.sent = flow.sent - next.sent
        next.number = takeNumber()
        next.start = start
        next.end = flow.end
        next.closeReason = flow.closeReason
        next.connector = connector
        reconnecting.append(next)
    }

    mutating func takeNumber() -> UInt64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    func runningConnectors(of network: Int) -> [Int] {
        world.tenant.networks[network].connectors.filter { recorders[$0].isRunning }
    }

    private mutating func tellMinute(from start: Timestamp, quota: Int) throws(SimulationProblem) {
        let end = start.advanced(byMilliseconds: SimulatedPeriod.millisecondsPerMinute)
        var flows: [PlannedFlow] = []
        while nextPlanted < planted.count, planted[nextPlanted].start < end {
            flows.append(planted[nextPlanted])
            nextPlanted += 1
        }
        let plantedCount = flows.count
        for flow in reconnecting where flows.count - plantedCount < quota { flows.append(flow) }
        for call in jobs.due(before: end, &random) where flows.count - plantedCount < quota {
            if let flow = flow(for: call) { flows.append(flow) }
        }
        while flows.count - plantedCount < quota {
            visit(from: start, room: quota - (flows.count - plantedCount), into: &flows)
        }
        // Offset within the minute above, position below: one integer sorts.
        var order = flows.indices.map { UInt64(flows[$0].start.milliseconds - start.milliseconds) << 32 | UInt64($0) }
        order.sort()
        for key in order {
            let flow = flows[Int(key & 0xffff_ffff)]
            try recorders[flow.connector].tell(flow)
        }
        told += flows.count
        let last = end.advanced(byMilliseconds: -1)
        for recorder in recorders { try recorder.advance(to: last) }
    }

    /// Whether ordinary traffic may use a Resource: allowed now and, shortly after a change, before the change too.
    func isOpen(_ caller: Caller, _ resource: Int, at time: Timestamp) -> Bool {
        let state = world.story.states[world.story.stateIndex(at: time)]
        guard state.allows(caller, resource, of: world.tenant, at: time) else { return false }
        guard let before = world.stateBeforeRecentChange(at: time) else { return true }
        return before.allows(caller, resource, of: world.tenant, at: time)
            && before.networkOfResource[resource] == state.networkOfResource[resource]
    }
}
