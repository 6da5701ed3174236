import AccessPolicy

/// A thing that a policy document defines, by kind and id.
public struct PolicyObject: Hashable, Sendable, Comparable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case network = "Remote network"
        case connector = "Connector"
        case user
        case group
        case serviceAccount = "service account"
        case device
        case securityPolicy = "security policy"
        case resource = "Resource"
    }

    public var kind: Kind
    public var id: String

    public init(_ kind: Kind, _ id: String) {
        self.kind = kind
        self.id = id
    }

    /// In the order of a document's sections, then of ids.
    public static func < (left: PolicyObject, right: PolicyObject) -> Bool {
        if left.kind != right.kind {
            let kinds = Kind.allCases
            return (kinds.firstIndex(of: left.kind) ?? 0) < (kinds.firstIndex(of: right.kind) ?? 0)
        }
        return identifierPrecedes(left.id, right.id)
    }
}
