internal import FlowStore

/// Which kind of record told of a flow without its connection id. A connection has at most one record of each kind.
enum Teller: Int8, CaseIterable {
    /// A row of the network events report.
    case report
    /// Events without connection id, as they are synced to object storage.
    case established
    case closed
    case failed
    case denied

    init(_ state: FlowState, isReport: Bool) {
        if isReport || state.contains(.whole) {
            self = .report
        } else if state.contains(.hasEstablished) {
            self = .established
        } else if state.contains(.hasClosed) {
            self = .closed
        } else {
            self = state.outcomeCode == 2 ? .failed : .denied
        }
    }
}

/// A flow as one source tells of it, as far as recognising it needs. Texts are numbers of the dictionary, 0 for absent.
struct Observation {
    var flowID: Int64 = 0
    /// Nil: a record with a connection id, the original.
    var teller: Teller?
    /// Through which Connector to which address, port and protocol: the same number for the same.
    var destination = 0
    var startedAt: Int64
    /// `FlowDraft.absent` where nobody says.
    var endedAt = FlowDraft.absent
    var startIsUnknown = false
    /// As `FlowState.outcomeCode`.
    var outcome: Int64 = 3
    var bytesReceived = FlowDraft.absent
    var bytesTransferred = FlowDraft.absent
    var principalKind: Int64 = 0
    var principalID: Int64 = 0
    var principal: Int64 = 0
    var clientIP: Int64 = 0
    var resource: Int64 = 0
    var resourceIP: Int64 = 0
    var appliedRule: Int64 = 0
    var network: Int64 = 0
    /// Tells observations apart that are alike in all of the above, by what they say and never by when they came.
    var tie: UInt64 = 0

    /// Times beyond are none; differences of times within cannot overflow.
    private static let latest: Int64 = 1 << 60

    /// The time at which a teller's record and the original are held against each other; nil when it is not known.
    func anchor(for teller: Teller) -> Int64? {
        guard abs(clamped: startedAt) < Observation.latest else { return nil }
        guard teller == .closed else { return startIsUnknown && self.teller == nil ? nil : startedAt }
        guard endedAt != FlowDraft.absent, abs(clamped: endedAt) < Observation.latest, endedAt - startedAt <= MatchReach.maxByEnd else {
            return nil
        }
        return endedAt
    }

    private func abs(clamped value: Int64) -> Int64 { value == .min ? .max : Swift.abs(value) }
}

/// How well times are known.
enum ObservationTimes {
    /// The finest that is assumed of any source: reports are written in hundredths of a second.
    private static let finest: Int64 = 10

    /// How far from an observation its original may be.
    static func reach(of teller: Teller, at ms: Int64) -> Int64 {
        teller != .report && ms % MatchReach.coarse == 0 ? MatchReach.coarse : MatchReach.usual
    }

    /// How far from an observation an original may be that says something else: as precise as the last digit of the time that is no zero.
    static func precision(of teller: Teller, at ms: Int64) -> Int64 {
        if ms % 1_000 == 0 { return reach(of: teller, at: ms) }
        return ms % 100 == 0 ? 100 : finest
    }
}
