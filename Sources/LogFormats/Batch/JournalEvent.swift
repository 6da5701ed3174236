public import FlowModel

/// A record of a flow journal that is not about one connection.
public struct JournalEvent: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case opened = "journal_opened"
        case closed = "journal_closed"
        case recovered = "journal_recovered"
        case sealed = "journal_sealed"
        case recordsLost = "records_lost"
        case sourcePosition = "source_position"
        case unreadableLine = "unreadable_line"
        case policyApplied = "policy_applied"
        case nameResolved = "name_resolved"
        case heartbeat
        case clockAdjusted = "clock_adjusted"
    }

    public var kind: Kind
    public var timestamp: Timestamp
    /// 0 where the record has none.
    public var sequence: UInt64
    public var connectorID: Symbol
    /// The whole record as JSON text.
    public var raw: String
    public var offset: UInt64
    public var line: UInt64
}

/// An event of a type that this toolchain does not know, kept as it is.
public struct OtherEvent: Hashable, Sendable {
    public var type: String
    /// The whole object as JSON text.
    public var raw: String
    public var offset: UInt64
    public var line: UInt64
}
