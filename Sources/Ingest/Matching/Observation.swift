internal import FlowStore

/// A flow as one source tells of it, as far as recognising it needs. Texts are numbers of the dictionary, 0 for absent.
struct Observation {
    var flowID: Int64 = 0
    /// Nil: a record with a connection id, the original.
    var witness: Witness?
    /// Through which Connector to which address, port and protocol: the same number for the same.
    var endPoint = 0
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

    /// The time at which a witness's record and the original are held against each other; nil when it is not known.
    func anchor(for witness: Witness) -> Int64? {
        guard abs(clamped: startedAt) < Observation.latest else { return nil }
        guard witness.rule.anchor == .end else { return startIsUnknown && self.witness == nil ? nil : startedAt }
        guard endedAt != FlowDraft.absent, abs(clamped: endedAt) < Observation.latest, endedAt - startedAt <= MatchReach.maxByEnd else {
            return nil
        }
        return endedAt
    }

    private func abs(clamped value: Int64) -> Int64 { value == .min ? .max : Swift.abs(value) }
}
