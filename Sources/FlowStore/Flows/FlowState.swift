package import FlowModel

/// The column `state`: outcome and how much is known, as bits.
package struct FlowState: OptionSet, Hashable {
    package var rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    /// Two bits of outcome, the larger winning when records of one connection disagree: carried traffic is the worse case.
    package static let denied = FlowState(rawValue: 1)
    package static let failed = FlowState(rawValue: 2)
    package static let allowed = FlowState(rawValue: 3)
    private static let outcomeMask: Int64 = 3

    /// A closed event without its established one.
    package static let orphan = FlowState(rawValue: 4)
    /// The start was computed from the end and the duration.
    package static let startInferred = FlowState(rawValue: 8)
    /// The start is not known: the time of the only record stands for it.
    package static let startUnknown = FlowState(rawValue: 16)
    /// Told in one piece by a source without connection ids.
    package static let whole = FlowState(rawValue: 32)
    package static let hasEstablished = FlowState(rawValue: 64)
    package static let hasClosed = FlowState(rawValue: 128)
    /// Without connection id, and recognised as a flow that a Connector's own record tells of: only that one counts and is shown.
    package static let matched = FlowState(rawValue: 256)
    /// Other flows have the same Connector and connection id.
    package static let idReused = FlowState(rawValue: 512)
    /// Two records that must say the same, of the end or the bytes, do not.
    package static let disputed = FlowState(rawValue: 1_024)
    /// The closed event says nothing of its start.
    package static let looseEnd = FlowState(rawValue: 2_048)
    /// The closed event does not say in which unit its duration is.
    package static let unitUnstated = FlowState(rawValue: 4_096)
    /// There is a failed event.
    package static let hasFailed = FlowState(rawValue: 8_192)
    /// The row does not hold all that the flow's records say of its time: the table `flow_claim` does. (16,384 was in use once.)
    package static let manyClaims = FlowState(rawValue: 32_768)

    /// 1 denied, 2 failed, 3 allowed.
    package var outcomeCode: Int64 { rawValue & FlowState.outcomeMask }

    package var outcome: RecordedOutcome {
        switch outcomeCode {
        case 1: .denied
        case 2: .failed
        default: .allowed
        }
    }

    package mutating func raiseOutcome(to code: Int64) {
        rawValue = (rawValue & ~FlowState.outcomeMask) | max(outcomeCode, code)
    }
}
