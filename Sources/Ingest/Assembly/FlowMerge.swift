internal import FlowModel
internal import FlowStore

extension FlowDraft {
    /// Takes in what another draft of the same connection says, which came later. True when that was news.
    ///
    /// The outcome is the same in whatever order drafts are merged, but for which of several equal records is named as the place. What they
    /// say of the connection's time is kept as if they were joined plainly; else the caller has to keep it.
    mutating func merge(_ made: FlowDraft, _ precedence: RecordPrecedence, remarks: RemarkDictionary) throws -> Bool {
        if connectionID.isEmpty { return false }
        let old = self
        state.raiseOutcome(to: made.state.outcomeCode)
        state.formUnion(
            made.state.intersection([.orphan, .hasEstablished, .hasClosed, .hasFailed, .idReused, .disputed, .looseEnd, .unitUnstated]))
        if old.disagrees(with: made) { state.insert(.disputed) }

        // That of the established event beats another stated one, which beats a computed one, which beats none; of two alike the earlier
        // counts.
        let oldOrder = FlowDraft.order(old.state)
        let madeOrder = FlowDraft.order(made.state)
        if madeOrder < oldOrder || (madeOrder == oldOrder && made.startedAt < old.startedAt) {
            startedAt = made.startedAt
            state.remove([.startInferred, .startUnknown])
            state.formUnion(made.state.intersection([.startInferred, .startUnknown]))
        }
        if state.contains(.hasEstablished) { state.remove(.orphan) }
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
            client = made.client
            destination = made.destination
            rank = made.rank
            last = old.first
            first = made.first
        } else {
            if made.rank == old.rank {
                client = try precedence.client(old.client, made.client)
                destination = try precedence.destination(old.destination, made.destination)
            }
            if last.isNone { last = made.rank < old.rank ? made.first : made.last }
        }
        keepClaims(of: old, and: made)
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

    private func sameFacts(as other: FlowDraft) -> Bool {
        startedAt == other.startedAt && endedAt == other.endedAt && state == other.state && client == other.client
            && destination == other.destination && resourceIP == other.resourceIP && route == other.route && remark == other.remark
            && bytesReceived == other.bytesReceived && bytesTransferred == other.bytesTransferred && last == other.last
    }
}
