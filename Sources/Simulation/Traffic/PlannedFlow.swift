internal import FlowModel

/// One flow as the simulation decided it, before it is told as events.
struct PlannedFlow: Sendable {
    enum Outcome: Sendable {
        /// Carried until `end`.
        case carried
        /// Allowed, but the name or the target did not answer; `end` is when the Connector gave up. Names an entry of `Vocabulary.errors`.
        case failed(error: Int)
        /// Refused at once, for a reason code of the policy model.
        case denied(reason: String)
    }

    enum CloseReason: String, Sendable {
        case client
        case resource
        case idle
        case policy
        case shutdown
    }

    enum Path: Hashable, Sendable {
        case direct
        /// An index into the simulation's relays.
        case relay(Int)
    }

    /// What the connection identifier is made from; unique.
    var number: UInt64
    var start: Timestamp
    var end: Timestamp
    var caller: Caller
    /// Index of the caller's device.
    var device = 0
    /// The client is at the office of its place, not at home.
    var isAtOffice = false
    /// An index into the simulation's Connectors, the unknown one included.
    var connector: Int
    /// The Resource that the Connector records.
    var resource: Int
    /// The host of `resource` that was dialled.
    var host = 0
    /// In place of the host's name, for flows that no Resource covers.
    var dialled: String?
    var address: IPAddress
    var transport = TransportProtocol.tcp
    var port: UInt16
    var outcome = Outcome.carried
    var path = Path.direct
    var received = 0
    var sent = 0
    var closeReason = CloseReason.client
    /// The state whose policy the Connector names as enforced.
    var policy: Int
    /// Planted flows stay as planned when a Connector stops.
    var isPlanted = false
}
