public import AccessPolicy
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

    init(_ tally: ReplayTally) {
        for (group, count) in zip(tally.groups, tally.counts) {
            let violating = group.isViolation ? count : 0
            flows += count
            violations += violating
            kinds[group.kind, default: 0] += count
            connectors[group.connector, default: (0, 0)].flows += count
            connectors[group.connector, default: (0, 0)].violations += violating
            if let policy = group.policy {
                policies[policy, default: (0, 0)].flows += count
                policies[policy, default: (0, 0)].violations += violating
            }
        }
        if flows > 0 { (first, last) = (tally.first, tally.last) }
    }
}
