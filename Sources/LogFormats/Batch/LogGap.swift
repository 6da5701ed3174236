public import FlowModel

/// A place where a log says, or shows, that something of it is missing.
public struct LogGap: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// The system's logger says that it dropped messages.
        case suppressedMessages = "suppressed-messages"
        /// Zero bytes where text was: a file that was cut under its writer, or a loss of power.
        case zeroBytes = "nul-hole"
    }

    public var kind: Kind
    /// Messages that were dropped, or zero bytes; nil where the source does not say.
    public var count: UInt64?
    /// When, where the source says so.
    public var time: Timestamp?
    /// The line in which the logger says it, at most `QuarantinedLine.maxRawLength` bytes of it; empty for zero bytes.
    public var text: String
    public var offset: UInt64
    public var line: UInt64
}
