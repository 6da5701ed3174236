public import FlowModel

/// One answer of the DNS filter to one device.
public struct NameQuery: Sendable {
    public var time: Timestamp
    /// The name that was asked for, and its registrable domain.
    public var domain = Symbol.none
    public var root = Symbol.none
    public var deviceID = Symbol.none
    public var deviceName = Symbol.none
    public var clientIP: IPAddress?
    public var clientPort: UInt16?
    /// How the device asked, as written: `DNS`, `DNS-over-HTTPS`.
    public var queryProtocol = Symbol.none
    /// As written: `default`, `blocked`, `allowed`.
    public var status = Symbol.none
    /// The text of each reason: the string, or the `name` (else `id`) of the object.
    public var reasons: [Symbol] = []

    public var offset: UInt64 = 0
    public var line: UInt64 = 0
    /// Index in the batch's list of unknown fields; -1 when there are none.
    public var extras: Int32 = -1

    public init(time: Timestamp) {
        self.time = time
    }
}
