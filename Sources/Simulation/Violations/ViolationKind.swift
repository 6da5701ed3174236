/// What can be planted: violations, and flows that only look like one.
///
/// Raw values are the `kind` of a truth line; they never change meaning.
public enum ViolationKind: String, Sendable, CaseIterable {
    /// A Connector carried a flow to a Resource that the user has no edge to.
    case noGrant = "no-grant"
    /// … to a port that the Resource does not open.
    case portNotAllowed = "port-not-allowed"
    /// … to a destination that no Resource of the tenant covers.
    case noResource = "no-resource"
    /// … through a Connector of another Remote network.
    case wrongNetwork = "wrong-network"
    /// … to a Resource whose traffic must go past the Connectors.
    case bypassCarried = "bypass-carried"
    /// … for a user who had been disabled before.
    case disabledUser = "disabled-user"
    /// … for a service account with a key that had been revoked before.
    case revokedKey = "revoked-key"
    /// … under a grant that had expired.
    case expiredGrant = "expired-grant"
    /// … through a Connector that no policy knows.
    case unknownConnector = "unknown-connector"
    /// A broader Resource was applied although a more specific one was granted.
    case misrouted
    /// The name resolved to an address outside the Remote network, here that of a metadata service.
    case rebound
    /// From a device that is not trusted, to a Resource that asks for one that is.
    case untrustedDevice = "untrusted-device"
    /// Refused although allowed.
    case overBlocked = "over-blocked"
    /// Carried under a policy that had been replaced longer ago than a change may take to arrive.
    case staleLate = "stale-late"
    /// Still open long after its user was disabled.
    case outlived
    /// Not a violation: carried under the replaced policy while the change was still on its way.
    case propagation
    /// Not a violation: the name is an alias of the Resource.
    case alias

    /// The detections that must fire, most specific first; empty for what only looks like a violation.
    public var rules: [String] {
        switch self {
        case .noGrant, .portNotAllowed, .untrustedDevice: ["policy.over-permitted"]
        case .noResource: ["tunnel.no-resource", "policy.over-permitted"]
        case .wrongNetwork: ["tunnel.wrong-network", "policy.over-permitted"]
        case .bypassCarried: ["tunnel.bypass-carried", "policy.over-permitted"]
        case .disabledUser, .revokedKey: ["access.disabled-principal", "policy.over-permitted"]
        case .expiredGrant: ["access.expired-grant", "policy.over-permitted"]
        case .unknownConnector: ["connector.unknown", "policy.over-permitted"]
        case .misrouted: ["policy.misrouted"]
        case .rebound: ["dns.rebinding", "policy.over-permitted"]
        case .overBlocked: ["policy.over-blocked"]
        case .staleLate: ["policy.stale", "policy.over-permitted"]
        case .outlived: ["policy.outlived"]
        case .propagation, .alias: []
        }
    }

    public var isViolation: Bool { !rules.isEmpty }

    /// The class that the verdict must have, and the reason where one is settled by the kind.
    var expectation: (flowClass: String, reason: String?, qualifier: String?) {
        switch self {
        case .noGrant: ("over-permitted", "no-grant", nil)
        case .portNotAllowed: ("over-permitted", "port-not-allowed", nil)
        case .noResource: ("over-permitted", "no-resource", nil)
        case .wrongNetwork: ("over-permitted", "wrong-network", nil)
        case .bypassCarried: ("over-permitted", "bypass-resource", nil)
        case .disabledUser: ("over-permitted", "principal-disabled", nil)
        case .revokedKey: ("over-permitted", "key-revoked", nil)
        case .expiredGrant: ("over-permitted", "grant-expired", nil)
        case .unknownConnector: ("over-permitted", "unknown-connector", nil)
        case .misrouted: ("misrouted", nil, nil)
        case .rebound: ("over-permitted", "resolved-outside-resource", nil)
        case .untrustedDevice: ("over-permitted", "device-untrusted", nil)
        case .overBlocked: ("over-blocked", nil, nil)
        case .staleLate: ("over-permitted", "no-grant", "stale-late")
        case .outlived: ("enforced", nil, "outlived")
        case .propagation: ("over-permitted", "no-grant", "stale")
        case .alias: ("enforced", nil, nil)
        }
    }
}
