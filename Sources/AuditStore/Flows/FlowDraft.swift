internal import FlowModel

/// Where a record stands: a source, and the byte offset and number of its line in the inflated stream.
struct RecordPosition: Hashable {
    var source: Int64
    var offset: Int64
    var line: Int64

    static let none = RecordPosition(source: 0, offset: FlowDraft.absent, line: 0)
    var isNone: Bool { offset == FlowDraft.absent }
}

/// What a flow adds to the roll-up.
struct EdgeContribution: Hashable {
    var edge: Int64
    var isOpen: Bool
    var bytesReceived: Int64
    var bytesTransferred: Int64
    var startedAt: Int64
}

/// A flow in memory between its records and its row.
///
/// Integers that may be absent are `absent` then, as in a `BatchTable`: optionals would make it half as large again.
struct FlowDraft {
    static let absent = BatchTable.null

    var flowID: Int64 = 0
    /// Of the identity: `IdentityKey`.
    var hash: UInt64 = 0
    var subject: FlowSubject
    var connectionID: ConnectionID
    /// Number of the Connector's id.
    var connector: Int64

    var startedAt: Int64
    var endedAt = FlowDraft.absent
    var origin: Int64
    var target: Int64
    var resourceIP: Int64
    var route: Int64
    var remark: Int64
    var state: FlowState
    var bytesReceived: Int64
    var bytesTransferred: Int64
    var first: RecordPosition
    var last = RecordPosition.none
    /// A duration whose unit the event does not state and with which the start is computed, or waits to be.
    var duration = FlowDraft.absent
    /// How good the record is that `origin`, `target` and `route` were taken from; `FlowDraft.rank`.
    var rank: Int8
    /// The row has one in `pending_duration` already.
    var hadPendingDuration = false
    /// Nothing has changed since it was loaded.
    var isClean = false
    /// Events in this batch that completed the flow, beyond the first.
    var completions: Int32 = 0

    /// Records say the same things about who and what; where they differ, the one from the start of the connection counts.
    static func rank(of kind: FlowEvent.Kind) -> Int8 {
        switch kind {
        case .denied: 1
        case .failed: 2
        case .closed: 3
        case .established: 4
        case .whole: 5
        }
    }

    /// The duration that keeps the start from being known.
    var pendingDuration: Int64? { state.contains(.startUnknown) && duration != FlowDraft.absent ? duration : nil }

    func contribution(edge: Int64) -> EdgeContribution {
        EdgeContribution(
            edge: edge, isOpen: endedAt == FlowDraft.absent && state.outcomeCode == 3,
            bytesReceived: bytesReceived == FlowDraft.absent ? 0 : bytesReceived,
            bytesTransferred: bytesTransferred == FlowDraft.absent ? 0 : bytesTransferred, startedAt: startedAt)
    }

    /// Whether another draft is of the same Connector and connection id; without an id, whether both say the same.
    @inline(__always)
    func hasIdentity(of other: FlowDraft) -> Bool {
        guard connectionID == other.connectionID, connector == other.connector else { return false }
        guard connectionID.isEmpty else { return true }
        return subject == other.subject && startedAt == other.startedAt && endedAt == other.endedAt && resourceIP == other.resourceIP
            && rank == other.rank && bytesReceived == other.bytesReceived && bytesTransferred == other.bytesTransferred
    }

    /// Takes in what another draft of the same connection says, which came later. True when that was news.
    ///
    /// The outcome is the same in whatever order drafts are merged, but for which of several equal records is named as the place.
    mutating func merge(_ made: FlowDraft, _ precedence: RecordPrecedence, remarks: RemarkDictionary, calibration: DurationCalibration)
        throws -> Bool
    {
        if connectionID.isEmpty { return false }
        let old = self
        state.raiseOutcome(to: made.state.outcomeCode)
        state.formUnion(
            made.state.intersection([.orphan, .hasEstablished, .hasClosed, .hasFailed, .idReused, .disputed, .looseEnd, .unitUnstated]))
        if old.disagrees(with: made) { state.insert(.disputed) }
        calibrate(old, made, calibration)

        // That of the established event beats another stated one, which beats a computed one, which beats none; of two alike the earlier
        // counts.
        let oldOrder = FlowDraft.order(old.state)
        let madeOrder = FlowDraft.order(made.state)
        if madeOrder < oldOrder || (madeOrder == oldOrder && made.startedAt < old.startedAt) {
            startedAt = made.startedAt
            state.remove([.startInferred, .startUnknown, .microseconds])
            state.formUnion(made.state.intersection([.startInferred, .startUnknown, .microseconds]))
        }
        if state.contains(.hasEstablished) { state.remove(.orphan) }
        duration = max(old.duration, made.duration)
        // The absent value is the least of all.
        endedAt = max(old.endedAt, made.endedAt)
        if state.outcomeCode == FlowState.allowed.outcomeCode {
            // A connection that was established and failed later ended there.
            endedAt = max(endedAt, max(old.failedAt, made.failedAt))
        }
        bytesReceived = max(old.bytesReceived, made.bytesReceived)
        bytesTransferred = max(old.bytesTransferred, made.bytesTransferred)

        // Of records of one kind that differ, as of what any record may say, the least counts.
        resourceIP = try precedence.text(old.resourceIP, made.resourceIP)
        route = try precedence.route(old.route, made.route)
        remark = try remarks.join(old.remark, made.remark, precedence)
        if made.rank > old.rank {
            origin = made.origin
            target = made.target
            rank = made.rank
            last = old.first
            first = made.first
        } else {
            if made.rank == old.rank {
                origin = try precedence.origin(old.origin, made.origin)
                target = try precedence.target(old.target, made.target)
            }
            if last.isNone { last = made.rank < old.rank ? made.first : made.last }
        }
        guard !sameFacts(as: old) else { return false }
        isClean = false
        return true
    }

    /// When a connection failed of which nothing else is known.
    private var failedAt: Int64 {
        guard state.outcomeCode == FlowState.failed.outcomeCode else { return FlowDraft.absent }
        return endedAt == FlowDraft.absent ? startedAt : endedAt
    }

    /// Both tell of the start as established events, of the end or of the bytes, and not the same.
    private func disagrees(with other: FlowDraft) -> Bool {
        func differ(_ left: Int64, _ right: Int64) -> Bool {
            left != right && left != FlowDraft.absent && right != FlowDraft.absent
        }
        if state.contains(.hasEstablished), other.state.contains(.hasEstablished), startedAt != other.startedAt { return true }
        return differ(saidEnd, other.saidEnd) || differ(bytesReceived, other.bytesReceived)
            || differ(bytesTransferred, other.bytesTransferred)
    }

    /// The end, or when it failed.
    private var saidEnd: Int64 { endedAt == FlowDraft.absent ? failedAt : endedAt }

    private static func order(_ state: FlowState) -> Int {
        if state.contains(.startUnknown) { return 3 }
        if state.contains(.startInferred) { return 2 }
        return state.contains(.hasEstablished) ? 0 : 1
    }

    /// An established and a closed event that meet show in which unit their Connector counts.
    private func calibrate(_ old: FlowDraft, _ made: FlowDraft, _ calibration: DurationCalibration) {
        let bare: FlowState = [.startInferred, .startUnknown]
        if !made.state.contains(.hasEstablished), made.endedAt != FlowDraft.absent, made.duration != FlowDraft.absent,
            old.state.isDisjoint(with: bare), old.endedAt == FlowDraft.absent
        {
            calibration.observe(connector: connector, elapsedMs: made.endedAt &- old.startedAt, duration: made.duration)
        } else if made.state.contains(.hasEstablished), !made.state.contains(.hasClosed), let duration = old.pendingDuration,
            old.endedAt != FlowDraft.absent
        {
            calibration.observe(connector: connector, elapsedMs: old.endedAt &- made.startedAt, duration: duration)
        }
    }

    private func sameFacts(as other: FlowDraft) -> Bool {
        startedAt == other.startedAt && endedAt == other.endedAt && state == other.state && origin == other.origin
            && target == other.target && resourceIP == other.resourceIP && route == other.route && remark == other.remark
            && bytesReceived == other.bytesReceived && bytesTransferred == other.bytesTransferred && last == other.last
    }
}
