/// One thing that a Connector said about one connection, decoded but not yet paired.
///
/// A plain value without references: texts are symbols of the `SymbolTable` that the decoder was given, so that millions of events
/// cost no allocation. A field that the source does not have is nil or `Symbol.none`.
public struct FlowEvent: Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable {
        case established
        case closed
        case failed
        case denied
        /// A completed connection told in one piece: a row of a network events report, or a synced object that names both ends.
        case whole
    }

    /// What `duration` counts. Connectors of different generations write the same field in different units.
    public enum DurationUnit: UInt8, Sendable {
        /// The source does not say: calibrate against the established event of the same Connector, or ask.
        case unstated
        case milliseconds
        case microseconds
    }

    public var kind: Kind
    /// When the Connector wrote the event.
    public var timestamp: Timestamp
    /// Empty where the source has no identifier.
    public var connectionID = ConnectionID()
    public var transport: TransportProtocol?
    /// As written; `.none` when `transport` is set.
    public var unknownTransport = Symbol.none

    public var clientIP: IPAddress?
    public var clientPort: UInt16?
    public var resourceIP: IPAddress?
    public var resourcePort: UInt16?
    /// Bytes from the Resource to the client (`rx`, `bytes_received`).
    public var bytesReceived: Int64?
    /// Bytes from the client to the Resource (`tx`, `bytes_transferred`).
    public var bytesTransferred: Int64?
    public var duration: Int64?
    public var durationUnit = DurationUnit.unstated
    /// The start, where the event itself states it.
    public var startedAt: Timestamp?
    /// The end, where the event itself states it.
    public var endedAt: Timestamp?

    public var tunnelPath = Symbol.none
    public var tunnelProtocol = Symbol.none
    public var errorMessage = Symbol.none
    public var closeReason = Symbol.none
    /// The name or address as the user dialled it, where it differs from `resourceAddress`.
    public var requested = Symbol.none

    public var principalKind: PrincipalKind?
    public var principalID = Symbol.none
    /// E-mail of a user, name of a service account.
    public var principalName = Symbol.none
    public var serviceKeyID = Symbol.none
    public var serviceKeyName = Symbol.none
    public var deviceID = Symbol.none
    /// Version of the client on the device.
    public var clientVersion = Symbol.none

    public var connectorID = Symbol.none
    public var connectorName = Symbol.none
    public var networkID = Symbol.none
    public var networkName = Symbol.none

    /// The defined Resource.
    public var resourceID = Symbol.none
    /// The concrete destination that was asked for: a name or an address.
    public var resourceAddress = Symbol.none
    /// The Resource definition that matched, such as `*.corp.example.com`; may be empty.
    public var appliedRule = Symbol.none

    /// The relays in use as the text of a JSON array of objects with `ip`, `name` and `port`; `[]` when the path is direct.
    public var relays = Symbol.none
    /// Text of a JSON object, as the source gives it.
    public var location = Symbol.none

    /// Journals only: the policy version that the Connector enforced, and the digest of that policy.
    public var policyVersion: Int64?
    public var policyDigest = Symbol.none
    /// Journals only: the Connector's own decision.
    public var decisionEffect = Symbol.none
    public var decisionReason = Symbol.none
    /// Journals only; 0 elsewhere.
    public var sequence: UInt64 = 0

    /// Where the event stands: byte offset of its line in the inflated stream, and the line's number, from 1.
    public var offset: UInt64 = 0
    public var line: UInt64 = 0
    /// Index in the batch's list of unknown fields; -1 when there are none.
    public var extras: Int32 = -1

    public init(kind: Kind, timestamp: Timestamp) {
        self.kind = kind
        self.timestamp = timestamp
    }
}
