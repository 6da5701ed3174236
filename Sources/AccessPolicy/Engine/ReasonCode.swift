/// Why a request was answered as it was. Raw values are public and never change meaning.
public enum ReasonCode: String, Sendable, CaseIterable {
    /// Every step was passed.
    case allowed
    /// The user, service account or key is not in the tenant, or the request names nobody.
    case unknownPrincipal = "unknown-principal"
    /// The user is pending or disabled.
    case principalDisabled = "principal-disabled"
    case keyRevoked = "key-revoked"
    case keyExpired = "key-expired"
    /// An edge to the principal has reached its `expiresAt`.
    case grantExpired = "grant-expired"
    /// The user has not used the grant for longer than its auto-lock allows.
    case grantLocked = "grant-locked"
    /// Every edge to the principal goes through an inactive group.
    case groupInactive = "group-inactive"
    case resourceInactive = "resource-inactive"
    /// A Resource covers the destination and nothing grants it to the principal.
    case noGrant = "no-grant"
    /// No Resource of the tenant covers the destination.
    case noResource = "no-resource"
    /// The Resource is to be reached without the tenant's Connectors.
    case bypassResource = "bypass-resource"
    case protocolNotAllowed = "protocol-not-allowed"
    case portNotAllowed = "port-not-allowed"
    /// The Connector belongs to another Remote network than the Resource.
    case wrongNetwork = "wrong-network"
    case unknownConnector = "unknown-connector"
    /// The address that was connected to is not one that the Resource can stand for.
    case resolvedOutsideResource = "resolved-outside-resource"
    case deviceUntrusted = "device-untrusted"
    case deviceUnknown = "device-unknown"
    case locationDenied = "location-denied"
}
