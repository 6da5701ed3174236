public import FlowModel

/// Snapshots in the order in which they came into force, each compiled once. The one in force at a time is the last with
/// `effectiveAt` at or before it.
public struct PolicyHistory: Sendable {
    /// Ascending by `effectiveAt`, no two at the same time.
    public let policies: [CompiledPolicy]
    /// The times at which a policy came into force, ascending.
    public let changes: [Timestamp]

    public struct DuplicateTime: Error, Hashable, Sendable, CustomStringConvertible {
        public var effectiveAt: Timestamp

        public var description: String { "two snapshots come into force at \(effectiveAt)" }
    }

    public init(snapshots: [PolicySnapshot]) throws(DuplicateTime) {
        try self.init(policies: snapshots.map(CompiledPolicy.init))
    }

    public init(policies: [CompiledPolicy]) throws(DuplicateTime) {
        let sorted = policies.sorted { $0.snapshot.effectiveAt < $1.snapshot.effectiveAt }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.snapshot.effectiveAt == right.snapshot.effectiveAt {
            throw DuplicateTime(effectiveAt: left.snapshot.effectiveAt)
        }
        self.policies = sorted
        changes = sorted.map(\.snapshot.effectiveAt)
    }

    public var isEmpty: Bool { policies.isEmpty }

    /// The policy in force at `time`; nil before the first.
    public func inForce(at time: Timestamp) -> CompiledPolicy? {
        indexInForce(at: time).map { policies[$0] }
    }

    /// Position in `policies` of the one in force at `time`.
    public func indexInForce(at time: Timestamp) -> Int? {
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) >> 1
            if changes[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }

    /// The policy before `policy`; nil for the first, and for one that is not part of this history.
    public func previous(of policy: CompiledPolicy) -> CompiledPolicy? {
        guard let index = indexInForce(at: policy.snapshot.effectiveAt), index > 0, policies[index] === policy else { return nil }
        return policies[index - 1]
    }

    /// Position of the policy that a journal names, by digest where it gives one, else by version; nil when the history has none.
    /// Of several with that version the last one that came into force by `time` is meant.
    public func index(version: Int64?, digest: String?, at time: Timestamp) -> Int? {
        guard version != nil || digest != nil else { return nil }
        func isMeant(_ policy: CompiledPolicy) -> Bool {
            if let digest { return policy.digest == digest }
            return policy.snapshot.version == version
        }
        let inForce = indexInForce(at: time) ?? -1
        if inForce >= 0, let index = policies[...inForce].lastIndex(where: isMeant) { return index }
        return policies[(inForce + 1)...].firstIndex(where: isMeant)
    }
}
