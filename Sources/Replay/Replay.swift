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
}
