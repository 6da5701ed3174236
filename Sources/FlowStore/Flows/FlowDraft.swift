package import FlowModel

/// Where a record stands: a source, and the byte offset and number of its line in the inflated stream.
package struct RecordPosition: Hashable {
    package var source: Int64
    var offset: Int64
    var line: Int64

    package init(
        source: Int64, offset: Int64, line: Int64
    ) {
        self.source = source
        self.offset = offset
        self.line = line
    }

    static let none = RecordPosition(source: 0, offset: FlowDraft.absent, line: 0)
    package var isNone: Bool { offset == FlowDraft.absent }
}

/// What a flow adds to the roll-up.
package struct AggregateContribution: Hashable {
    var aggregate: Int64
    var isOpen: Bool
    var bytesReceived: Int64
    var bytesTransferred: Int64
    var startedAt: Int64

    package init(
        aggregate: Int64, isOpen: Bool, bytesReceived: Int64, bytesTransferred: Int64, startedAt: Int64
    ) {
        self.aggregate = aggregate
        self.isOpen = isOpen
        self.bytesReceived = bytesReceived
        self.bytesTransferred = bytesTransferred
        self.startedAt = startedAt
    }
}

/// A flow in memory between its records and its row.
///
/// Integers that may be absent are `absent` then, as in a `BatchTable`: optionals would make it half as large again.
package struct FlowDraft {
    package static let absent = BatchTable.null

    package var flowID: Int64 = 0
    /// Of the identity: `IdentityKey`.
    package var hash: UInt64 = 0
    package var subject: FlowSubject
    package var connectionID: ConnectionID
    /// Number of the Connector's id.
    package var connector: Int64

    package var startedAt: Int64
    package var endedAt = FlowDraft.absent
    package var client: Int64
    package var destination: Int64
    package var resourceIP: Int64
    package var route: Int64
    package var remark: Int64
    package var state: FlowState
    package var bytesReceived: Int64
    package var bytesTransferred: Int64
    package var first: RecordPosition
    package var last = RecordPosition.none
    /// What the closed event says of the start, where `startedAt` does not say it: its duration, in a unit that it does not state with
    /// `unitUnstated`, else in milliseconds.
    package var duration = FlowDraft.absent
    /// How good the record is that `client`, `destination` and `route` were taken from; `FlowDraft.rank`.
    package var rank: Int8
    /// Nothing has changed since it was loaded.
    package var isClean = false
    /// Events in this batch that completed the flow, beyond the first.
    package var completions: Int32 = 0

    package init(
        flowID: Int64 = 0, hash: UInt64 = 0, subject: FlowSubject, connectionID: ConnectionID, connector: Int64, startedAt: Int64,
        endedAt: Int64 = FlowDraft.absent, client: Int64, destination: Int64, resourceIP: Int64, route: Int64, remark: Int64,
        state: FlowState,
        bytesReceived: Int64, bytesTransferred: Int64, first: RecordPosition, last: RecordPosition = RecordPosition.none,
        duration: Int64 = FlowDraft.absent, rank: Int8, isClean: Bool = false, completions: Int32 = 0
    ) {
        self.flowID = flowID
        self.hash = hash
        self.subject = subject
        self.connectionID = connectionID
        self.connector = connector
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.client = client
        self.destination = destination
        self.resourceIP = resourceIP
        self.route = route
        self.remark = remark
        self.state = state
        self.bytesReceived = bytesReceived
        self.bytesTransferred = bytesTransferred
        self.first = first
        self.last = last
        self.duration = duration
        self.rank = rank
        self.isClean = isClean
        self.completions = completions
    }

    /// Records say the same things about who and what; where they differ, the one from the start of the connection counts.
    package static func rank(of kind: FlowEvent.Kind) -> Int8 {
        switch kind {
        case .denied: 1
        case .failed: 2
        case .closed: 3
        case .established: 4
        case .whole: 5
        }
    }

    /// Its start follows, or would follow, from the unit in which its Connector counts durations.
    package var dependsOnUnit: Bool {
        state.contains(.unitUnstated) && !state.isDisjoint(with: [.startUnknown, .startInferred]) && endedAt != FlowDraft.absent
    }

    package func contribution(aggregate: Int64) -> AggregateContribution {
        AggregateContribution(
            aggregate: aggregate, isOpen: endedAt == FlowDraft.absent && state.outcomeCode == 3,
            bytesReceived: bytesReceived == FlowDraft.absent ? 0 : bytesReceived,
            bytesTransferred: bytesTransferred == FlowDraft.absent ? 0 : bytesTransferred, startedAt: startedAt)
    }

    /// Whether another draft is of the same Connector and connection id; without an id, whether both say the same.
    @inline(__always)
    package func hasIdentity(of other: FlowDraft) -> Bool {
        guard connectionID == other.connectionID, connector == other.connector else { return false }
        guard connectionID.isEmpty else { return true }
        return subject == other.subject && startedAt == other.startedAt && endedAt == other.endedAt && resourceIP == other.resourceIP
            && rank == other.rank && bytesReceived == other.bytesReceived && bytesTransferred == other.bytesTransferred
    }
}
