public import AccessPolicy
internal import FlowModel

/// An endless stream of completed connections of one large tenant, as lines of bare NDJSON in the shape of the real-time log, for
/// measuring ingest and its peers on the same bytes.
///
/// 2,000 users, 300 Resources, 12 Remote networks with 3 Connectors each; users and Resources by Zipf's law, each user with a dozen
/// Resources; 98 in 100 lines are `closed_connection`, the others `failed_to_connect`. Lines are about 570 bytes long and ascending in
/// time, one every 10 ms on average.
///
/// Scattered, users go to any Resource through any of its Connectors: of a million lines, more than half are the first between their user and
/// device and their Resource, Connector and port. Such traffic of scanners and crawlers is the hardest for whoever keeps sums.
public struct BenchmarkEvents: Sendable {
    private let world: World
    private let lines: EventLines
    private let catalogue: GroupCatalogue
    private let rankChoice: WeightedChoice
    private let favouriteChoice = WeightedChoice.zipf(count: BenchmarkEvents.favourites, flattening: 1)
    private var random: SeededRandom
    private var number: UInt64 = 0
    private var clock: Timestamp
    private var buffer = LineBuffer()
    private let isScattered: Bool

    /// Of 1,000 lines, those that failed.
    private static let failedShare = 20
    /// Twice the mean distance of two lines in ms.
    private static let maxStep = 20
    private static let maxDuration = 100_000
    private static let userFlattening = 20
    /// Resources that one user works with.
    private static let favourites = 12

    public init(seed: UInt64 = SimulationOptions.defaultSeed, scattered: Bool = false) throws(SimulationProblem) {
        isScattered = scattered
        var options = SimulationOptions()
        options.seed = seed
        options.shape.users = 2_000
        options.shape.resources = 300
        options.shape.networks = 12
        options.shape.connectorsPerNetwork = 3
        options.shape.groups = 24
        options.policyChanges = 0
        options.violationsPerKind = 0
        world = try World(options: options)
        lines = EventLines(tenant: world.tenant, speakers: world.speakers, policies: world.policies, seed: seed)
        catalogue = GroupCatalogue(tenant: world.tenant, state: world.story.states[0], at: world.period.start, seed: seed)
        rankChoice = WeightedChoice.zipf(count: world.tenant.users.count, flattening: BenchmarkEvents.userFlattening)
        random = SeededRandom(seed: seed, stream: .traffic)
        // No connection may begin before the policy is in force.
        clock = world.period.start.advanced(byMilliseconds: 3_600_000)
    }

    /// The policy under which every line is allowed, unless they are scattered.
    public var policy: PolicySnapshot? { world.snapshots.first }

    /// Writes the document of that policy into `directory`, named by the time from which it is in force.
    public func writePolicy(into directory: String) throws(SimulationProblem) {
        try Simulator.writePolicies(world, to: directory)
    }

    /// The next line, with its line feed, valid until the next call.
    public mutating func next() -> [UInt8] {
        clock = clock.advanced(byMilliseconds: Int64(random.below(BenchmarkEvents.maxStep)))
        let state = world.story.states[0]
        let user = isScattered ? skewed(below: world.tenant.users.count) : rankChoice.draw(&random)
        let resource = isScattered ? skewed(below: world.tenant.resources.count) : favourite(of: user)
        let target = world.tenant.resources[resource]
        let host = random.below(target.hosts.count)
        // A client stays with a Connector for a while.
        let connectors = world.tenant.networks[target.network].connectors
        let hour = UInt64(truncatingIfNeeded: clock.milliseconds / 3_600_000)
        let choice =
            isScattered
            ? UInt64(random.below(connectors.count))
            : SeededRandom.mix(hour << 32 ^ UInt64(user) << 8 ^ UInt64(target.network)) % UInt64(connectors.count)
        var flow = PlannedFlow(
            number: number, start: clock.advanced(byMilliseconds: -Int64(random.below(BenchmarkEvents.maxDuration))),
            end: clock,
            caller: .user(user), connector: connectors[Int(choice)], resource: resource, host: host,
            address: state.address(of: target.hosts[host], resource: resource), transport: target.transport, port: target.ports[0],
            policy: 0)
        number += 1
        Traffic.place(&flow, user, mustBeTrusted: target.needsTrustedDevice, seed: world.seed)
        buffer.clear()
        if random.chance(perMille: BenchmarkEvents.failedShare) {
            lines.failed(flow, error: random.below(Vocabulary.errors.count), .bare, &buffer)
        } else {
            flow.received = random.magnitude(powers: 8...22)
            flow.sent = random.magnitude(powers: 6...16)
            lines.closed(flow, .bare, &buffer)
        }
        buffer.raw("\n")
        return buffer.bytes
    }

    /// The lower the more often, but no number seldom.
    private mutating func skewed(below count: Int) -> Int {
        random.below(count) * random.below(count) / count
    }

    /// One of the few Resources that a user works with, the same ones all the time, the first of them most often.
    private mutating func favourite(of user: Int) -> Int {
        var habits = SeededRandom(seed: world.seed &+ UInt64(favouriteChoice.draw(&random)) << 32 &+ UInt64(user), stream: .tenant)
        let groups = world.tenant.users[user].groups
        return catalogue.draw(group: groups[habits.below(groups.count)], &habits)
            ?? PolicyStoryMaker.commonResource(of: world.tenant)
    }
}
