/// Which records with equal Connector and connection id are of one connection: Connectors give an id again after a restart or when a
/// counter overflows, clones give the same ids, and so do forgers.
///
/// Records are of one connection when they agree in their subject, when both or neither tell of a refusal, and when their times link them,
/// one to the next:
///
/// * established events at most twice `tolerance` apart, so that a closed event between two of them is of no other connection; denied or
///   failed events at the same millisecond;
/// * closed events with the same start, or with the same end and starts that are `tolerance` apart;
/// * a closed event and whatever begins when it says that its connection began, give or take `tolerance`;
/// * a closed event that says nothing of its start, or a failed one, and what began before it, at most `longestLoose` ago.
///
/// This does not depend on the order in which records come.
extension FlowDraft {
    /// How far the start that a closed event gives may be from its established event.
    static let tolerance: Int64 = 5_000
    /// How far back a record that does not say when its connection began may reach.
    static let longestLoose: Int64 = 24 * 3_600_000

    private var isRefusal: Bool { state.outcomeCode == FlowState.denied.outcomeCode }

    /// Nothing but failing is known of it.
    private var isFailure: Bool { state.outcomeCode == FlowState.failed.outcomeCode }

    /// What else the connection's start may be: with a duration of unstated unit there are two answers. At most two.
    private var otherStart: Int64? {
        guard state.contains(.unitUnstated), endedAt != FlowDraft.absent else { return nil }
        if state.contains(.startUnknown) {
            return duration == FlowDraft.absent ? nil : endedAt.subtractingReportingOverflow(duration / 1_000).partialValue
        }
        guard state.contains(.startInferred) else { return nil }
        let span = endedAt.subtractingReportingOverflow(startedAt).partialValue
        let (other, overflow) = state.contains(.microseconds) ? span.multipliedReportingOverflow(by: 1_000) : (span / 1_000, false)
        return overflow ? nil : endedAt.subtractingReportingOverflow(other).partialValue
    }

    /// The start, as far as a record gives one. Of a closed event whose unit is not known it is the one in milliseconds.
    private var firstStart: Int64? {
        guard state.contains(.startUnknown) else { return startedAt }
        guard duration != FlowDraft.absent, endedAt != FlowDraft.absent else { return nil }
        return endedAt.subtractingReportingOverflow(duration).partialValue
    }

    /// When the connection may have begun, by what its records say; empty when they do not say.
    var starts: [Int64] { [firstStart, otherStart].compactMap { $0 } }

    /// Of a closed event without start, or a failed one: the latest at which its connection began.
    var looseEnd: Int64? {
        if state.contains(.looseEnd), endedAt != FlowDraft.absent { return endedAt }
        guard state.contains(.hasFailed) else { return nil }
        return endedAt == FlowDraft.absent ? startedAt : endedAt
    }

    /// Whether the connection began at a time that an event stands for: established, denied or failed.
    private var hasOwnStart: Bool { !state.contains(.startInferred) && !state.contains(.startUnknown) }

    /// Whether another draft of the same Connector and connection id is of the same connection.
    package func links(to other: FlowDraft) -> Bool {
        guard subject.subject == other.subject.subject, isRefusal == other.isRefusal else { return false }
        switch (state.contains(.hasEstablished), other.state.contains(.hasEstablished)) {
        case (true, true):
            if FlowDraft.distance(startedAt, other.startedAt) <= 2 * UInt64(FlowDraft.tolerance) { return true }
        case (false, false) where isClosed && other.isClosed:
            if endedAt == other.endedAt, isNear(other) { return true }
            if starts.contains(where: { other.starts.contains($0) }) { return true }
        case (false, false) where hasOwnStart && other.hasOwnStart:
            if startedAt == other.startedAt { return true }
        default:
            if isNear(other) { return true }
        }
        return isLoose(to: other) || other.isLoose(to: self)
    }

    private var isClosed: Bool { state.contains(.hasClosed) }

    private func isNear(_ other: FlowDraft) -> Bool {
        starts.contains { mine in other.starts.contains { FlowDraft.distance(mine, $0) <= UInt64(FlowDraft.tolerance) } }
    }

    private func isLoose(to other: FlowDraft) -> Bool {
        guard let end = looseEnd else { return false }
        if other.looseEnd == end { return true }
        // Two failures are two connections, even if one began before the other failed.
        if isFailure, other.isFailure { return false }
        return other.starts.contains { start in
            let (before, overflow) = end.subtractingReportingOverflow(start)
            return !overflow && before >= -FlowDraft.tolerance && before <= FlowDraft.longestLoose
        }
    }

    private static func distance(_ left: Int64, _ right: Int64) -> UInt64 {
        left >= right ? UInt64(bitPattern: left &- right) : UInt64(bitPattern: right &- left)
    }
}
