public import FlowModel

/// The engine's answer: allowed or not, the reason, and what it rests on.
public struct Verdict: Sendable {
    public enum Effect: String, Sendable, CaseIterable {
        case allow
        case deny
    }

    /// The policy that gave the answer.
    public let policy: CompiledPolicy
    public let effect: Effect
    public let reason: ReasonCode
    /// Several Resources match equally well; the one with the lowest id was used.
    public let isAmbiguous: Bool
    /// Allowed although a security policy asks for evidence that the request does not carry.
    public let isPostureUnknown: Bool
    /// Denied because of something that the snapshot's source could not say in full: no assessment can rest on it.
    public let isUndecidable: Bool
    /// Whether a grant that locks itself was looked at: only then may other `lastUses` change the answer.
    public let dependsOnLastUse: Bool
    /// While `at` lies in here, the same request gets the same answer from this policy.
    public let validity: Validity
    public let at: Timestamp

    /// Position in `policy.snapshot.resources` of the Resource that was selected; -1 when none was.
    let resourceIndex: Int32
    /// Position of the covering Resource that the reason speaks of; -1 when none covers.
    let nearestIndex: Int32
    /// The Resource was found only after a more specific one had refused the port.
    let isFallthrough: Bool
    /// Users first, then service accounts; -1 when unknown.
    let principalIndex: Int32

    public var isAllowed: Bool { effect == .allow }

    /// The Resource that was selected, also when a later step denied; nil when nothing was.
    public var resourceID: String? { resourceIndex < 0 ? nil : policy.resourceIDs[Int(resourceIndex)] }

    /// The definition that matched, such as `*.corp.example.com`.
    public var appliedRule: String? { resourceIndex < 0 ? nil : policy.resourceRules[Int(resourceIndex)] }

    /// The selected Resource, or else the covering one that the reason speaks of.
    public var nearestResource: Resource? {
        let index = resourceIndex >= 0 ? resourceIndex : nearestIndex
        return index < 0 ? nil : policy.snapshot.resources[Int(index)]
    }

    /// Every edge that grants the selected Resource at that moment, groups before service accounts; empty unless one was selected.
    ///
    /// Auto-locks are not told apart here: an edge that the request found locked is listed while another one grants.
    public var grants: [AccessEdge] {
        guard resourceIndex >= 0, principalIndex >= 0 else { return [] }
        return policy.liveEdges(resource: Int(resourceIndex), principal: Int(principalIndex), at: at)
    }
}

extension Verdict: Equatable {
    /// Equal when they say the same, whichever compiled policy said it.
    public static func == (left: Verdict, right: Verdict) -> Bool {
        left.effect == right.effect && left.reason == right.reason && left.resourceID == right.resourceID
            && left.isAmbiguous == right.isAmbiguous && left.isPostureUnknown == right.isPostureUnknown
            && left.isUndecidable == right.isUndecidable && left.validity == right.validity && left.at == right.at
    }
}
