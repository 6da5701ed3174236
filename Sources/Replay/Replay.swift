public import AccessPolicy
public import FlowModel
public import FlowStore

/// What flows that differ in nothing but time have in common: who and what, and the verdict on them.
public struct SharedAnswer: Sendable {
    public var outcome: RecordedOutcome
    public var client: ClientFacts
    public var destination: DestinationFacts
    public var assessment: Assessment
}

/// Judges the history in a database under the policies that were in force.
public struct Replay: Sendable {
    public var history: PolicyHistory
    public var options: EngineOptions
    public var since = Timestamp.distantPast
    public var until = Timestamp.distantFuture
    var effort = WalkEffort()

    public init(history: PolicyHistory, options: EngineOptions = EngineOptions()) {
        self.history = history
        self.options = options
    }

    /// The sums of the verdicts on all flows.
    public func summary(_ database: AuditDatabase) throws -> ReplaySummary {
        ReplaySummary(try walk.run(database, ReplayTally(history: history, options: options)))
    }

    var walk: FlowWalk {
        FlowWalk(since: since, until: until, tracksUse: history.policies.contains(where: \.usesAutoLock), effort: effort)
    }
}

/// Counts flows by what is said of them.
struct ReplayTally: MergingTally {
    static let coversWholeLife = true

    /// What the sums tell apart.
    struct Group: Hashable {
        var kind: ReplaySummary.Kind
        var isViolation: Bool
        /// Name, else id.
        var connector: String
        /// When the policy in force came into force; nil for none.
        var policy: Timestamp?
    }

    let history: PolicyHistory
    let options: EngineOptions
    private(set) var groups: [Group] = []
    private(set) var counts: [Int64] = []
    private(set) var first = Timestamp.distantFuture
    private(set) var last = Timestamp.distantPast
    private var numbers: [Group: Int] = [:]

    init(history: PolicyHistory, options: EngineOptions) {
        self.history = history
        self.options = options
    }

    mutating func judge(_ flow: StoredFlow, _ facts: FlowFacts, _ reader: FlowFactsReader) throws -> FlowAnswer {
        let assessment = history.judge(facts, options: options)
        return FlowAnswer(
            number: number(assessment, try reader.destination(flow.destination)), holds: assessment.validity,
            dependsOnLastUse: assessment.dependsOnLastUse)
    }

    mutating func number(_ assessment: Assessment, _ destination: DestinationFacts) -> Int {
        number(
            Group(
                kind: ReplaySummary.Kind(
                    verdictClass: assessment.verdictClass, reason: assessment.reason, qualifiers: assessment.qualifierSet),
                isViolation: assessment.isViolation, connector: destination.connectorName ?? destination.connectorID ?? "",
                policy: assessment.policy?.snapshot.effectiveAt))
    }

    private mutating func number(_ group: Group) -> Int {
        if let known = numbers[group] { return known }
        numbers[group] = groups.count
        groups.append(group)
        counts.append(0)
        return groups.count - 1
    }

    mutating func count(_ flow: StoredFlow, _ number: Int) {
        counts[number] += 1
        if flow.startedAt < first { first = flow.startedAt }
        if flow.startedAt > last { last = flow.startedAt }
    }

    mutating func merge(_ later: ReplayTally) {
        for (group, count) in zip(later.groups, later.counts) { counts[number(group)] += count }
        first = min(first, later.first)
        last = max(last, later.last)
    }
}
