internal import FlowModel

/// The column `state`: outcome and how much is known, as bits.
struct FlowState: OptionSet, Hashable {
    var rawValue: Int64

    /// Two bits of outcome, the larger winning when records of one connection disagree: carried traffic is the worse case.
    static let denied = FlowState(rawValue: 1)
    static let failed = FlowState(rawValue: 2)
    static let allowed = FlowState(rawValue: 3)
    private static let outcomeMask: Int64 = 3

    /// A closed event without its established one.
    static let orphan = FlowState(rawValue: 4)
    /// The start was computed from the end and the duration.
    static let startInferred = FlowState(rawValue: 8)
    /// The start is not known: the time of the only record stands for it.
    static let startUnknown = FlowState(rawValue: 16)
    /// Told in one piece by a source without connection ids.
    static let whole = FlowState(rawValue: 32)
    static let hasEstablished = FlowState(rawValue: 64)
    static let hasClosed = FlowState(rawValue: 128)
    /// Without connection id, and recognised as a flow that a Connector's own record tells of: only that one counts and is shown.
    static let retold = FlowState(rawValue: 256)

    /// 1 denied, 2 failed, 3 allowed.
    var outcomeCode: Int64 { rawValue & FlowState.outcomeMask }

    var outcome: RecordedOutcome {
        switch outcomeCode {
        case 1: .denied
        case 2: .failed
        default: .allowed
        }
    }

    mutating func raiseOutcome(to code: Int64) {
        rawValue = (rawValue & ~FlowState.outcomeMask) | max(outcomeCode, code)
    }
}
