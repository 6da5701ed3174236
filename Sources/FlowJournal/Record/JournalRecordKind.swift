/// The records that a journal writes about itself. Their names are part of the format.
public enum JournalRecordKind: CaseIterable, Sendable {
    /// A writer opened the journal: who, where, with which key, and the last checkpoint before.
    case opened
    /// The writer closed the journal in order.
    case closed
    /// Bytes that were no whole frame were moved aside when the journal was opened.
    case recovered
    /// A checkpoint was signed.
    case sealed
    /// Records could not be written and are lost; their number.
    case lost
    /// The host's clock was set.
    case clockAdjusted
    /// The writer is alive; totals since it opened.
    case heartbeat
    /// How far into which file a following writer has read.
    case position
    /// A line that looked like an event but is no well-formed one.
    case unreadable

    public var name: StaticString {
        switch self {
        case .opened: "journal_opened"
        case .closed: "journal_closed"
        case .recovered: "journal_recovered"
        case .sealed: "journal_sealed"
        case .lost: "records_lost"
        case .clockAdjusted: "clock_adjusted"
        case .heartbeat: "heartbeat"
        case .position: "source_position"
        case .unreadable: "unreadable_line"
        }
    }

    /// A frame that holds such a record is flagged, so that a verifier finds it without inflating all others.
    public var concernsVerifier: Bool {
        switch self {
        case .opened, .closed, .recovered, .sealed, .lost: true
        case .clockAdjusted, .heartbeat, .position, .unreadable: false
        }
    }

    /// Only the writer itself may make such a record; one that comes from outside is refused, or a log line could forge the
    /// journal's own history.
    public var isReserved: Bool {
        switch self {
        case .opened, .closed, .recovered, .sealed, .lost, .position, .unreadable: true
        case .clockAdjusted, .heartbeat: false
        }
    }
}
