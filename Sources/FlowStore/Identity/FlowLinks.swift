package import FlowModel

/// Which records with equal Connector and connection id are of one connection: Connectors give an id again after a restart or when a
/// counter overflows, clones give the same ids, and so do forgers.
///
/// Records are of one connection when they agree in their subject, when both or neither tell of a refusal, and when what they say of its
/// time (`FlowClaim`) links them, one to the next:
///
/// * established events at most twice `tolerance` apart, so that a closed event between two of them is of no other connection; denied
///   events at the same millisecond; failed events that began or failed at the same millisecond;
/// * closed events with the same start, or with the same end and starts that are `tolerance` apart;
/// * a closed event and whatever begins when it says that its connection began, give or take `tolerance`;
/// * a closed event that says nothing of its start, or a failed one, and what began before it, at most `maxLoose` ago.
///
/// A flow is linked to a record when any of its records is. So nothing may be lost of what they said: where the row does not hold it, the
/// table `flow_claim` does. Therefore which records make one flow does not depend on the order in which they come.
extension FlowDraft {
    /// How far the start that a closed event gives may be from its established event.
    static let tolerance: Int64 = 5_000
    /// How far back a record that does not say when its connection began may reach.
    static let maxLoose: Int64 = 24 * 3_600_000

    private var isRefusal: Bool { state.outcomeCode == FlowState.denied.outcomeCode }

    // MARK: What the row says

    @inline(__always)
    private var establishedClaim: FlowClaim? {
        state.contains(.hasEstablished) ? FlowClaim(.established, start: startedAt, end: startedAt) : nil
    }

    @inline(__always)
    private var closedClaim: FlowClaim? {
        guard state.contains(.hasClosed) else { return nil }
        if state.contains(.looseEnd) { return FlowClaim(.closed, end: endedAt) }
        guard duration != FlowDraft.absent else { return FlowClaim(.closed, start: startedAt, end: endedAt) }
        if state.contains(.unitUnstated) { return FlowClaim(.closed, end: endedAt, duration: duration) }
        return FlowClaim(.closed, start: endedAt.subtractingReportingOverflow(duration).partialValue, end: endedAt)
    }

    @inline(__always)
    private var refusedOrFailedClaim: FlowClaim? {
        if isRefusal { return FlowClaim(.denied, start: startedAt, end: startedAt) }
        guard state.contains(.hasFailed) else { return nil }
        let end = endedAt == FlowDraft.absent ? startedAt : endedAt
        return FlowClaim(.failed, start: state.isDisjoint(with: [.hasEstablished, .hasClosed]) ? startedAt : end, end: end)
    }

    /// What its records say, as far as the row can hold it.
    private var plainClaims: [FlowClaim] { [establishedClaim, closedClaim, refusedOrFailedClaim].compactMap { $0 } }

    /// What its records say, where the table `flow_claim` need not be asked; nil where it must.
    package var claims: [FlowClaim]? { state.contains(.manyClaims) ? nil : plainClaims }

    @inline(__always)
    private func anyClaim(_ test: (FlowClaim) -> Bool) -> Bool {
        if let claim = establishedClaim, test(claim) { return true }
        if let claim = closedClaim, test(claim) { return true }
        if let claim = refusedOrFailedClaim, test(claim) { return true }
        return false
    }

    /// Gives a flow that depends on it the start that follows from a unit; `claims`: what its records say.
    package mutating func setStart(by unit: FlowEvent.DurationUnit, _ claims: [FlowClaim]) {
        let closed = claims.filter { $0.kind == .closed }
        let starts = closed.compactMap { claim -> Int64? in
            guard claim.duration != FlowDraft.absent, let span = DurationCalibration.milliseconds(claim.duration, unit) else { return nil }
            return claim.end.subtractingReportingOverflow(span).partialValue
        }
        state.remove([.startUnknown, .startInferred])
        state.insert(starts.isEmpty ? .startUnknown : .startInferred)
        startedAt = starts.min() ?? closed.map(\.end).min() ?? startedAt
    }

    // MARK: Joining

    package enum Joining {
        /// They are of two connections.
        case apart
        /// They are of one, and its row will say all that they say.
        case plain
        /// They are of one, as far as the rows of the two say; more is to be kept of what they say than a row has room for, or was before.
        case manifold

        package var isPlain: Bool {
            if case .plain = self { return true }
            return false
        }
    }

    /// How what another draft of the same Connector and connection id says fits.
    package func joining(_ other: FlowDraft) -> Joining {
        guard subject.subject == other.subject.subject, isRefusal == other.isRefusal else { return .apart }
        if state.contains(.manyClaims) || other.state.contains(.manyClaims) { return .manifold }
        guard anyClaim({ claim in other.anyClaim { claim.links(to: $0) } }) else { return .apart }
        func agree(_ left: FlowClaim?, _ right: FlowClaim?) -> Bool {
            guard let left, let right else { return true }
            return left == right
        }
        let failed = (refusedOrFailedClaim, other.refusedOrFailedClaim)
        guard agree(establishedClaim, other.establishedClaim), agree(closedClaim, other.closedClaim), agree(failed.0, failed.1) else {
            return .manifold
        }
        // Where an attempt failed that was established, the row has room for when it failed.
        if let claim = failed.0 ?? failed.1, claim.kind == .failed,
            !state.union(other.state).isDisjoint(with: [.hasEstablished, .hasClosed])
        {
            return claim.start == claim.end && state.union(other.state).isDisjoint(with: .hasClosed) ? .plain : .manifold
        }
        return .plain
    }

    /// Has the row say what the records of the two that were joined say; `old` and `other` are as they were before.
    package mutating func keepClaims(of old: FlowDraft, and other: FlowDraft) {
        keepDuration(of: old.closedClaim ?? other.closedClaim)
    }

    /// Has the row say what `claims`, a set, say; true when it can.
    package mutating func keep(_ claims: [FlowClaim]) -> Bool {
        // Of several failures that were joined before there was a connection, the latest.
        if state.outcomeCode == FlowState.allowed.outcomeCode {
            for claim in claims where claim.kind == .closed || claim.kind == .failed { endedAt = max(endedAt, claim.end) }
        }
        let closed = claims.filter { $0.kind == .closed }
        keepDuration(of: closed.count == 1 ? closed[0] : nil)
        state.remove(.manyClaims)
        guard FlowClaim.united(plainClaims) != claims else { return true }
        state.insert(.manyClaims)
        duration = FlowDraft.absent
        return false
    }

    /// Whether its row would hold the same of what its records say.
    package func keepsClaims(as other: FlowDraft) -> Bool {
        duration == other.duration && endedAt == other.endedAt && state.contains(.manyClaims) == other.state.contains(.manyClaims)
    }

    @inline(__always)
    private mutating func keepDuration(of closed: FlowClaim?) {
        duration = FlowDraft.absent
        guard let closed else { return }
        if closed.duration != FlowDraft.absent {
            duration = closed.duration
        } else if closed.start != FlowDraft.absent, closed.start != startedAt {
            duration = closed.end.subtractingReportingOverflow(closed.start).partialValue
        }
    }
}
