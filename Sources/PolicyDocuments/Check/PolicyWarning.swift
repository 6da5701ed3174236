import AccessPolicy

/// Something in a valid policy that an auditor would ask about.
public struct PolicyWarning: Hashable, Sendable {
    /// What kind of thing it is. Raw values are public and never change meaning.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// A Resource that covers every name or every address.
        case catchAll = "catch-all"
        /// Two Resources of equal specificity that one principal may reach: which one applies is arbitrary.
        case ambiguousOverlap = "ambiguous-overlap"
        /// A narrower Resource refuses ports that a broader one would allow to the same principals.
        case narrowerRefuses = "narrower-refuses"
        /// A Resource that is never selected, since another has the same definition and a lower id.
        case shadowed
        /// A group that grants something and has no members.
        case emptyGroup = "empty-group"
        /// An edge that cannot grant: an inactive or empty group, an inactive Resource, a Resource without any open protocol.
        case deadGrant = "dead-grant"
        /// An edge whose expiry has passed.
        case expiredGrant = "expired-grant"
        /// A Resource that is granted to nobody.
        case unreachable
        /// A Remote network with Resources and fewer than two Connectors.
        case noRedundancy = "no-redundancy"
        /// A service account that is granted something and has no key that works.
        case deadAccount = "dead-account"
        /// A key of a service account that never expires.
        case endlessKey = "endless-key"
        /// A disabled or pending user who is still a member of groups.
        case idleMember = "idle-member"
        /// A Resource that is routed around Connectors and yet restricts protocols: nobody enforces that.
        case bypassRestricted = "bypass-restricted"
        /// Too many patterns to compare with each other.
        case notExamined = "not-examined"
    }

    public var code: Code
    public var object: PolicyObject
    /// One sentence.
    public var message: String
}

extension PolicyWarning: Comparable {
    public static func < (left: PolicyWarning, right: PolicyWarning) -> Bool {
        if left.object != right.object { return left.object < right.object }
        return left.code == right.code ? left.message < right.message : left.code.rawValue < right.code.rawValue
    }
}
