public import AccessPolicy
public import AuditStore
public import FlowModel

/// A flow with the verdict on it.
public struct ReplayedFlow: Sendable {
    public var flow: StoredFlow
    public var origin: OriginFacts
    public var target: TargetFacts
    public var judgement: Judgement
}

/// Judges the history in a database under the policies that were in force.
public struct Replay: Sendable {
    public var history: PolicyHistory
    public var options: EngineOptions
    public var since = Timestamp.distantPast
    public var until = Timestamp.distantFuture

    public init(history: PolicyHistory, options: EngineOptions = EngineOptions()) {
        self.history = history
        self.options = options
    }

    /// Judges every flow in the order of time; `body` sees each. Gives the sums.
    public func run(_ database: AuditDatabase, _ body: (ReplayedFlow) throws -> Void = { _ in }) throws -> ReplaySummary {
        try database.read { connection in
            let reader = try FlowFactsReader(connection)
            var summary = ReplaySummary()
            var lastUse = LastUse()
            let scan = FlowScan(connection)
            // Earlier uses decide about automatic locks, so the walk begins at the beginning and reports the period only.
            let begin = history.policies.contains(where: \.usesAutoLock) ? Timestamp.distantPast : since
            try scan.forEach(order: .time, since: begin, until: until) { flow in
                let lastAccess = try lastUse.advance(flow, reader: reader)
                guard flow.startedAt >= since else { return }
                let facts = try FlowFacts(flow, reader: reader, lastAccess: lastAccess)
                let replayed = ReplayedFlow(
                    flow: flow, origin: try reader.origin(flow.origin), target: try reader.target(flow.target),
                    judgement: history.judge(facts, options: options))
                summary.add(replayed)
                try body(replayed)
            }
            return summary
        }
    }

    /// The same sums, without looking at each flow: flows alike in everything but time are judged once for as long as the answer holds.
    public func summary(_ database: AuditDatabase) throws -> ReplaySummary {
        // Automatic locks make answers depend on earlier flows.
        guard !history.policies.contains(where: \.usesAutoLock) else { return try run(database) }
        return try database.read { connection in
            let reader = try FlowFactsReader(connection)
            var alike = AlikeFlows()
            var summary = ReplaySummary()
            try FlowScan(connection).forEach(order: .row(), since: since, until: until, withIDs: false) { flow in
                if alike.count(flow) { return }
                let judgement = history.judge(try FlowFacts(flow, reader: reader, lastAccess: nil), options: options)
                let target = try reader.target(flow.target)
                alike.learn(flow, judgement, connector: target.connectorName ?? target.connectorID ?? "", into: &summary)
            }
            alike.add(to: &summary)
            return summary
        }
    }
}

/// Counts flows that differ in nothing but time from one that was judged.
private struct AlikeFlows {
    private struct Key: Hashable {
        var origin: Int64
        var target: Int64
        var resourceIP: Int64
        var outcome: RecordedOutcome
        var remark: Int64
    }

    private struct Group {
        var judgement: Judgement
        var connector: String
        var count: Int64
        var first: Timestamp
        var last: Timestamp
    }

    /// Groups remembered; summed up and forgotten when more.
    private static let limit = 200_000

    private var places: [Key: Int] = [:]
    private var groups: [Group] = []

    /// True when the flow was counted with one that was judged.
    mutating func count(_ flow: StoredFlow) -> Bool {
        guard let place = places[AlikeFlows.key(flow)] else { return false }
        let holds = groups[place].judgement.validity
        guard holds.contains(flow.startedAt), flow.endedAt.map({ holds.contains($0) }) ?? true else { return false }
        groups[place].count += 1
        groups[place].first = min(groups[place].first, flow.startedAt)
        groups[place].last = max(groups[place].last, flow.startedAt)
        return true
    }

    /// Takes in a flow that was judged.
    mutating func learn(_ flow: StoredFlow, _ judgement: Judgement, connector: String, into summary: inout ReplaySummary) {
        if groups.count >= AlikeFlows.limit {
            add(to: &summary)
            places.removeAll(keepingCapacity: true)
            groups.removeAll(keepingCapacity: true)
        }
        places[AlikeFlows.key(flow)] = groups.count
        groups.append(
            Group(judgement: judgement, connector: connector, count: 1, first: flow.startedAt, last: flow.startedAt))
    }

    func add(to summary: inout ReplaySummary) {
        for group in groups {
            summary.add(group.judgement, connector: group.connector, count: group.count, first: group.first, last: group.last)
        }
    }

    private static func key(_ flow: StoredFlow) -> Key {
        Key(origin: flow.origin, target: flow.target, resourceIP: flow.resourceIP, outcome: flow.outcome, remark: flow.remark)
    }
}
