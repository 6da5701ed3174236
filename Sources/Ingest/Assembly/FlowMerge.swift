internal import FlowModel
internal import FlowStore

extension FlowDraft {
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
