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
        let judgement = replayed.judgement
        let violation: Int64 = judgement.isViolation ? 1 : 0
        flows += 1
        violations += violation
        let kind = Kind(verdictClass: judgement.verdictClass, reason: judgement.reason, qualifiers: judgement.qualifierSet)
        kinds[kind, default: 0] += 1
        let connector = replayed.target.connectorName ?? replayed.target.connectorID ?? ""
        connectors[connector, default: (0, 0)].flows += 1
        connectors[connector, default: (0, 0)].violations += violation
        if let policy = judgement.policy {
            policies[policy.snapshot.effectiveAt, default: (0, 0)].flows += 1
            policies[policy.snapshot.effectiveAt, default: (0, 0)].violations += violation
        }
        first = min(first ?? replayed.flow.startedAt, replayed.flow.startedAt)
        last = max(last ?? replayed.flow.startedAt, replayed.flow.startedAt)
    }
}
