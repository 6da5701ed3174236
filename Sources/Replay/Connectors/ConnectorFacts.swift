public import AccessPolicy
public import AuditStore
public import FlowModel

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

    public init(history: PolicyHistory, options: EngineOptions = EngineOptions()) {
        self.history = history
        self.options = options
    }

    private struct Key: Hashable {
        var id: String?
        var name: String?
    }

    /// Ascending by name, then by id.
    public func run(_ database: AuditDatabase) throws -> [ConnectorFacts] {
        var facts: [Key: ConnectorFacts] = [:]
        var lastNamed: [Key: Int] = [:]
        let walk = FlowWalk(
            since: since, until: until, tracksUse: history.policies.contains(where: \.usesAutoLock), inTimeOrder: true)
        try walk.run(database) { flow, reader, lastAccess in
            let target = try reader.target(flow.target)
            let key = Key(id: target.connectorID, name: target.connectorName)
            let flowFacts = try FlowFacts(flow, reader: reader, lastAccess: lastAccess)
            let judgement = history.judge(flowFacts, options: options)
            let named = history.index(
                version: flowFacts.recordedPolicyVersion, digest: flowFacts.recordedPolicyDigest, at: flow.startedAt)
            var isBack = false
            if let named {
                isBack = lastNamed[key].map { named < $0 } ?? false
                lastNamed[key] = named
            }
            let lag = lagMs(flow.startedAt, named: named, judgement)
            facts[key, default: ConnectorFacts(id: key.id, name: key.name)].add(
                flow, judgement, lagMs: lag, isBack: isBack, policy: named.map { history.policies[$0].snapshot.versionText })
        }
        return facts.values.sorted { ($0.name ?? "", $0.id ?? "") < ($1.name ?? "", $1.id ?? "") }
    }

    private func lagMs(_ start: Timestamp, named: Int?, _ judgement: Judgement) -> Int64? {
        var older = named
        if older == nil, let policy = judgement.explainedBy { older = history.indexInForce(at: policy.snapshot.effectiveAt) }
        guard let older, older + 1 < history.changes.count, history.changes[older + 1] <= start else { return nil }
        let (lag, overflow) = start.milliseconds.subtractingReportingOverflow(history.changes[older + 1].milliseconds)
        return overflow ? nil : lag
    }
}

extension ConnectorFacts {
    fileprivate mutating func add(_ flow: StoredFlow, _ judgement: Judgement, lagMs: Int64?, isBack: Bool, policy: String?) {
        let start = flow.startedAt
        let midnight = Timestamp(
            milliseconds: start.milliseconds - (start.milliseconds % millisecondsPerDay + millisecondsPerDay) % millisecondsPerDay)
        if days.last?.start != midnight { days.append(Day(start: midnight)) }
        let day = days.count - 1
        flows += 1
        days[day].flows += 1
        if judgement.isViolation { violations += 1 }
        if judgement.reason == .wrongNetwork { outsideNetwork += 1 }
        if judgement.reason == .unknownConnector { unknown += 1 }
        if judgement.qualifierSet.contains(.stale) {
            stale += 1
            days[day].stale += 1
        }
        if judgement.qualifierSet.contains(.staleLate) {
            staleLate += 1
            days[day].staleLate += 1
        }
        if let lagMs {
            largestLagMs = max(largestLagMs ?? lagMs, lagMs)
            days[day].largestLagMs = max(days[day].largestLagMs ?? lagMs, lagMs)
        }
        if isBack {
            backwards += 1
            days[day].backwards += 1
            if firstBackwards == nil { firstBackwards = start }
        }
        if let policy { lastPolicy = policy }
    }
}
