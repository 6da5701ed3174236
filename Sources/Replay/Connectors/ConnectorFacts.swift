public import AccessPolicy
public import FlowModel
public import FlowStore

/// What the records show of one Connector's enforcement.
public struct ConnectorFacts: Sendable {
    /// Nil when the records name no Connector.
    public var id: String?
    public var name: String?
    public var flows: Int64 = 0
    public var violations: Int64 = 0
    /// Flows to Resources of another Remote network than the Connector's.
    public var outsideNetwork: Int64 = 0
    /// Flows while the policy in force did not know the Connector.
    public var unknown: Int64 = 0
    /// Flows decided by an older policy, within the propagation window and after it.
    public var stale: Int64 = 0
    public var staleLate: Int64 = 0
    /// The longest time after a change at which an older policy still decided, or was still named by the record.
    public var largestLagMs: Int64?
    /// How often the policy that the records name went back to one that came into force earlier.
    public var backwards: Int64 = 0
    /// The first such flow.
    public var firstBackwards: Timestamp?
    /// The policy that the last record names; nil when none names one that the history has.
    public var lastPolicy: String?
    /// By day in UTC, ascending.
    public internal(set) var days: [Day] = []

    /// One day of a Connector.
    public struct Day: Sendable {
        /// Midnight.
        public var start: Timestamp
        public var flows: Int64 = 0
        public var stale: Int64 = 0
        public var staleLate: Int64 = 0
        public var largestLagMs: Int64?
        public var backwards: Int64 = 0
    }
}

/// Holds every Connector of a period against the history of policies.
public struct ConnectorSurvey: Sendable {
    public var history: PolicyHistory
    public var options: EngineOptions
    public var since = Timestamp.distantPast
    public var until = Timestamp.distantFuture
    var effort = WalkEffort()

    public init(history: PolicyHistory, options: EngineOptions = EngineOptions()) {
        self.history = history
        self.options = options
    }

    /// Ascending by name, then by id.
    public func run(_ database: AuditDatabase) throws -> [ConnectorFacts] {
        try runWithSummary(database).connectors
    }

    /// The same, and what `Replay.summary` gives, in one walk.
    public func runWithSummary(_ database: AuditDatabase) throws -> (connectors: [ConnectorFacts], summary: ReplaySummary) {
        let usesLock = history.policies.contains(where: \.usesAutoLock)
        let walk = FlowWalk(since: since, until: until, tracksUse: usesLock, effort: effort)
        let tally = try walk.runInTimeOrder(database, ConnectorTally(history, options))
        let connectors = tally.facts.sorted { ($0.name ?? "", $0.id ?? "") < ($1.name ?? "", $1.id ?? "") }
        return (connectors, ReplaySummary(tally.sums))
    }
}

/// Follows each Connector through time.
private struct ConnectorTally: MergingTally {
    static let coversWholeLife = true

    private struct Key: Hashable {
        var id: String?
        var name: String?
    }

    private let history: PolicyHistory
    private let options: EngineOptions
    private(set) var facts: [ConnectorFacts] = []
    /// Of all Connectors.
    private(set) var sums: ReplayTally
    private var places: [Key: Int] = [:]
    private var sightings: [ConnectorSighting] = []
    private var numbers: [ConnectorSighting: Int] = [:]
    /// By place: the policies that the first and the last record which name one named, and when the first did.
    private var firstNamed: [(policy: Int, at: Timestamp)?] = []
    private var lastNamed: [Int?] = []

    init(_ history: PolicyHistory, _ options: EngineOptions) {
        self.history = history
        self.options = options
        sums = ReplayTally(history: history, options: options)
    }

    mutating func judge(_ flow: StoredFlow, _ facts: FlowFacts, _ reader: FlowFactsReader) throws -> FlowAnswer {
        let destination = try reader.destination(flow.destination)
        let assessment = history.judge(facts, options: options)
        // What a version means, and what an older policy was replaced by, changes only when another policy comes into force: not
        // within the validity of the assessment.
        let named = history.index(version: facts.recordedPolicyVersion, digest: facts.recordedPolicyDigest, at: flow.startedAt)
        let sighting = ConnectorSighting(
            place: place(Key(id: destination.connectorID, name: destination.connectorName)), named: named,
            replacedAt: replacement(of: named, assessment, flow.startedAt), isViolation: assessment.isViolation, reason: assessment.reason,
            qualifiers: assessment.qualifierSet, group: sums.number(assessment, destination))
        let number = numbers[sighting] ?? sightings.count
        if number == sightings.count {
            numbers[sighting] = number
            sightings.append(sighting)
        }
        return FlowAnswer(number: number, holds: assessment.validity, dependsOnLastUse: assessment.dependsOnLastUse)
    }

    private mutating func place(_ key: Key) -> Int {
        if let known = places[key] { return known }
        places[key] = facts.count
        facts.append(ConnectorFacts(id: key.id, name: key.name))
        firstNamed.append(nil)
        lastNamed.append(nil)
        return facts.count - 1
    }

    /// When the policy that decided, if it was an older one, went out of force.
    private func replacement(of named: Int?, _ assessment: Assessment, _ start: Timestamp) -> Timestamp? {
        var older = named
        if older == nil, let policy = assessment.explainedBy { older = history.indexInForce(at: policy.snapshot.effectiveAt) }
        guard let older, older + 1 < history.changes.count, history.changes[older + 1] <= start else { return nil }
        return history.changes[older + 1]
    }

    mutating func count(_ flow: StoredFlow, _ number: Int) {
        let sighting = sightings[number]
        sums.count(flow, sighting.group)
        var isBack = false
        if let named = sighting.named {
            isBack = lastNamed[sighting.place].map { named < $0 } ?? false
            if lastNamed[sighting.place] == nil { firstNamed[sighting.place] = (named, flow.startedAt) }
            lastNamed[sighting.place] = named
            facts[sighting.place].lastPolicy = history.policies[named].snapshot.versionText
        }
        facts[sighting.place].add(flow.startedAt, sighting, isBack: isBack)
    }

    mutating func merge(_ later: ConnectorTally) {
        sums.merge(later.sums)
        for (index, other) in later.facts.enumerated() {
            let place = place(Key(id: other.id, name: other.name))
            facts[place].append(other)
            guard let first = later.firstNamed[index] else { continue }
            if let before = lastNamed[place] {
                // From the earlier part to the later one.
                if first.policy < before { facts[place].addBack(at: first.at) }
            } else {
                firstNamed[place] = first
            }
            lastNamed[place] = later.lastNamed[index]
        }
    }
}

/// What a flow shows of its Connector, but for its time.
private struct ConnectorSighting: Hashable {
    /// Of the Connector.
    var place: Int
    /// Position in the history of the policy that the record names.
    var named: Int?
    var replacedAt: Timestamp?
    var isViolation: Bool
    var reason: ReasonCode?
    var qualifiers: Qualifiers
    /// Of the sums of all Connectors.
    var group: Int

    func lagMs(at start: Timestamp) -> Int64? {
        guard let replacedAt else { return nil }
        let (lag, overflow) = start.milliseconds.subtractingReportingOverflow(replacedAt.milliseconds)
        return overflow ? nil : lag
    }
}

extension ConnectorFacts {
    /// Adds what a later stretch of time shows.
    fileprivate mutating func append(_ later: ConnectorFacts) {
        flows += later.flows
        violations += later.violations
        outsideNetwork += later.outsideNetwork
        unknown += later.unknown
        stale += later.stale
        staleLate += later.staleLate
        if let lagMs = later.largestLagMs { largestLagMs = max(largestLagMs ?? lagMs, lagMs) }
        backwards += later.backwards
        firstBackwards = firstBackwards ?? later.firstBackwards
        lastPolicy = later.lastPolicy ?? lastPolicy
        for day in later.days {
            guard days.last?.start == day.start else {
                days.append(day)
                continue
            }
            let last = days.count - 1
            days[last].flows += day.flows
            days[last].stale += day.stale
            days[last].staleLate += day.staleLate
            if let lagMs = day.largestLagMs { days[last].largestLagMs = max(days[last].largestLagMs ?? lagMs, lagMs) }
            days[last].backwards += day.backwards
        }
    }

    /// Notes that the policy that records name went back at a time between two stretches.
    fileprivate mutating func addBack(at time: Timestamp) {
        backwards += 1
        firstBackwards = firstBackwards.map { min($0, time) } ?? time
        let midnight = ConnectorFacts.midnight(time)
        if let day = days.lastIndex(where: { $0.start == midnight }) { days[day].backwards += 1 }
    }

    private static func midnight(_ time: Timestamp) -> Timestamp {
        time.advanced(byMilliseconds: -((time.milliseconds % millisecondsPerDay + millisecondsPerDay) % millisecondsPerDay))
    }

    fileprivate mutating func add(_ start: Timestamp, _ sighting: ConnectorSighting, isBack: Bool) {
        let midnight = ConnectorFacts.midnight(start)
        if days.last?.start != midnight { days.append(Day(start: midnight)) }
        let day = days.count - 1
        flows += 1
        days[day].flows += 1
        if sighting.isViolation { violations += 1 }
        if sighting.reason == .wrongNetwork { outsideNetwork += 1 }
        if sighting.reason == .unknownConnector { unknown += 1 }
        if sighting.qualifiers.contains(.stale) {
            stale += 1
            days[day].stale += 1
        }
        if sighting.qualifiers.contains(.staleLate) {
            staleLate += 1
            days[day].staleLate += 1
        }
        if let lagMs = sighting.lagMs(at: start) {
            largestLagMs = max(largestLagMs ?? lagMs, lagMs)
            days[day].largestLagMs = max(days[day].largestLagMs ?? lagMs, lagMs)
        }
        if isBack {
            backwards += 1
            days[day].backwards += 1
            if firstBackwards == nil { firstBackwards = start }
        }
    }
}
