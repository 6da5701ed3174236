internal import FlowModel

/// Where a record stands: a source, and the byte offset and number of its line in the inflated stream.
struct RecordPosition: Hashable {
    var source: Int64
    var offset: Int64
    var line: Int64
}

/// What a flow adds to the roll-up.
struct EdgeContribution: Hashable {
    var key: EdgeKey
    var isOpen: Bool
    var bytesReceived: Int64
    var bytesTransferred: Int64
    var startedAt: Int64
}

/// A flow in memory between its records and its row.
struct FlowDraft {
    var flowID: Int64
    var hash: Int64
    var connectionID: ConnectionID
    var connector: Int64

    var startedAt: Int64
    var endedAt: Int64?
    var origin: Int64
    var target: Int64
    var resourceIP: Int64
    var route: Int64
    var remark: RemarkKey
    var state: FlowState
    var bytesReceived: Int64?
    var bytesTransferred: Int64?
    var judgement: Int64 = 0
    var first: RecordPosition
    var last: RecordPosition?
    /// How good the record is that `origin`, `target` and `route` were taken from; `FlowDraft.rank`.
    var rank: Int

    /// A duration whose unit is not known, and when the connection closed.
    var pendingDuration: Int64?
    /// The row has one in `pending_duration` already.
    var hadPendingDuration = false
    /// What the row in the database adds to the roll-up; nil for a new flow.
    var before: EdgeContribution?
    /// Nothing has changed since it was loaded.
    var isClean = false

    /// Records say the same things about who and what; where they differ, the one from the start of the connection counts.
    static func rank(of kind: FlowEvent.Kind) -> Int {
        switch kind {
        case .denied: 1
        case .failed: 2
        case .closed: 3
        case .established: 4
        case .whole: 5
        }
    }

    func contribution() -> EdgeContribution {
        EdgeContribution(
            key: EdgeKey(
                hour: EdgeKey.hour(of: startedAt), origin: origin, target: target, outcome: state.outcomeCode,
                judgement: judgement),
            isOpen: endedAt == nil && state.outcomeCode == 3,
            bytesReceived: bytesReceived ?? 0,
            bytesTransferred: bytesTransferred ?? 0,
            startedAt: startedAt)
    }
}
