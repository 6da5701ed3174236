public import FlowModel

/// How what happened compares with what the policy in force says. Raw values are public and never change meaning.
public enum VerdictClass: String, Sendable, CaseIterable {
    /// Carried, and allowed through the same Resource.
    case enforced
    /// Carried and allowed, but recorded for another Resource than the one that applies.
    case misrouted
    /// Carried, and not allowed: the enforcement failure.
    case overPermitted = "over-permitted"
    /// Refused, and not allowed.
    case blocked
    /// Refused, and allowed.
    case overBlocked = "over-blocked"
    /// No policy in force is known, or it does not say enough.
    case unverifiable
}

/// What must be added to a class. Raw values are public and never change meaning.
public enum Qualifier: String, Sendable, CaseIterable {
    /// Several Resources match equally well.
    case ambiguous
    /// An older policy explains the mismatch, and the flow began within the propagation window after the change.
    case stale
    /// An older policy explains the mismatch, and the window had passed: a violation.
    case staleLate = "stale-late"
    /// The flow stayed open after its permission had ended, for longer than window and skew.
    case outlived
    /// Allowed, and the record does not carry what the security policy asks for.
    case postureUnknown = "posture-unknown"
}

/// Qualifiers as a set.
public struct Qualifiers: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let ambiguous = Qualifiers(rawValue: 1)
    public static let stale = Qualifiers(rawValue: 2)
    public static let staleLate = Qualifiers(rawValue: 4)
    public static let outlived = Qualifiers(rawValue: 8)
    public static let postureUnknown = Qualifiers(rawValue: 16)

    /// Between qualifiers in text.
    public static let separator = ";"

    /// In the order of `Qualifier.allCases`.
    public var list: [Qualifier] {
        rawValue == 0 ? [] : Qualifier.allCases.enumerated().filter { rawValue >> UInt8($0.offset) & 1 == 1 }.map(\.element)
    }

    /// The qualifiers in the order of `Qualifier.allCases`, joined by `;`; empty when there are none.
    public var text: String {
        rawValue == 0 ? "" : list.map(\.rawValue).joined(separator: Qualifiers.separator)
    }
}

/// What makes a flow something to act on: a mismatch that propagation does not excuse, else that it outlived its permission. The worst first.
public enum Violation: String, Sendable, CaseIterable {
    case overPermitted = "over-permitted"
    case misrouted
    case overBlocked = "over-blocked"
    case outlived

    /// Nil for a flow that is none.
    public init?(_ verdict: VerdictClass, _ qualifiers: Qualifiers) {
        let mismatch: Violation? =
            switch verdict {
            case .overPermitted: .overPermitted
            case .misrouted: .misrouted
            case .overBlocked: .overBlocked
            case .enforced, .blocked, .unverifiable: nil
            }
        if let mismatch, !qualifiers.contains(.stale) {
            self = mismatch
        } else if qualifiers.contains(.outlived) {
            self = .outlived
        } else {
            return nil
        }
    }
}

/// The verdict on one flow.
public struct Assessment: Sendable {
    public var verdictClass: VerdictClass
    /// Why the policy in force denies; nil when it allows or nothing can be said.
    public var reason: ReasonCode?
    public var qualifierSet: Qualifiers
    /// The answer of the policy in force; nil when none was.
    public var verdict: Verdict?
    /// The older policy that explains a stale mismatch.
    public var explainedBy: CompiledPolicy?
    /// When permission ended under an open flow; set with the qualifier `outlived`.
    public var lostAt: Timestamp?
    /// How long the flow stayed open after `lostAt`.
    public var outlivedByMs: Int64?
    /// A flow with the same facts whose whole life lies in here gets the same assessment. Empty for `outlived`, which holds for no other
    /// flow.
    public var validity: Validity
    /// Whether other times of last use may change the assessment.
    public var dependsOnLastUse: Bool

    /// The Resource that the policy in force selects, also when a later step denies.
    public var expectedResourceID: String? { verdictClass == .unverifiable ? nil : verdict?.resourceID }
    public var qualifiers: [Qualifier] { qualifierSet.list }
    /// The policy in force at the flow's start.
    public var policy: CompiledPolicy? { verdict?.policy }

    /// What there is to act on; nil when there is nothing.
    public var violation: Violation? { Violation(verdictClass, qualifierSet) }
    public var isViolation: Bool { violation != nil }
}
