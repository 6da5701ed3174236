/// Words of the field that every module shares. Raw values are what databases and outputs hold; they never change meaning.

public enum TransportProtocol: String, Sendable, CaseIterable {
    case tcp
    case udp
    case icmp
}

/// Who a connection was made for.
public enum PrincipalKind: String, Sendable, CaseIterable {
    case user
    case serviceAccount = "service_account"
}

/// A principal by its decimal id, as logs carry it.
public struct PrincipalReference: Hashable, Sendable {
    public var kind: PrincipalKind
    public var id: String

    public init(kind: PrincipalKind, id: String) {
        self.kind = kind
        self.id = id
    }
}

/// What the Connector did with a connection.
public enum RecordedOutcome: String, Sendable, CaseIterable {
    /// Established, and perhaps closed since.
    case allowed
    /// Refused by the Connector.
    case denied
    /// Authorised, but the name did not resolve or the target did not answer.
    case failed
}
