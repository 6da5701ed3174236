public import AccessPolicy
internal import AuditStore
public import FlowModel

/// Sums over replayed flows.
public struct ReplaySummary: Sendable {
    /// Flows alike in what the engine said.
    public struct Kind: Hashable, Sendable {
        public var verdictClass: VerdictClass
        public var reason: ReasonCode?
        public var qualifiers: Qualifiers
    }

    public private(set) var flows: Int64 = 0
    public private(set) var kinds: [Kind: Int64] = [:]
    public private(set) var violations: Int64 = 0
    /// Flows and violations by Connector; the key is the name, else the id.
    public private(set) var connectors: [String: (flows: Int64, violations: Int64)] = [:]
    /// Flows and violations by the time from which the policy was in force.
    public private(set) var policies: [Timestamp: (flows: Int64, violations: Int64)] = [:]
    public private(set) var first: Timestamp?
    public private(set) var last: Timestamp?

    /// Flows that no policy in force could be held against.
    public var unverifiable: Int64 {
        kinds.reduce(0) { $1.key.verdictClass == .unverifiable ? $0 + $1.value : $0 }
    }

    mutating func add(_ replayed: ReplayedFlow) {
        add(
            replayed.judgement, connector: replayed.target.connectorName ?? replayed.target.connectorID ?? "", count: 1,
            first: replayed.flow.startedAt, last: replayed.flow.startedAt)
    }

    /// Adds so many flows that are judged alike.
    mutating func add(_ judgement: Judgement, connector: String, count: Int64, first: Timestamp, last: Timestamp) {
        let violating = judgement.isViolation ? count : 0
        flows += count
        violations += violating
        let kind = Kind(verdictClass: judgement.verdictClass, reason: judgement.reason, qualifiers: judgement.qualifierSet)
        kinds[kind, default: 0] += count
        connectors[connector, default: (0, 0)].flows += count
        connectors[connector, default: (0, 0)].violations += violating
        if let policy = judgement.policy {
            policies[policy.snapshot.effectiveAt, default: (0, 0)].flows += count
            policies[policy.snapshot.effectiveAt, default: (0, 0)].violations += violating
        }
        self.first = min(self.first ?? first, first)
        self.last = max(self.last ?? last, last)
    }
}
