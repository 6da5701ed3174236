internal import FlowStore

/// A kind of record that tells of a flow without its connection id. A connection has at most one record of each kind.
///
/// Another kind of witness is a case here, with how it is known and its rule.
enum Witness: Int8, CaseIterable {
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

    var rule: WitnessRule {
        switch self {
        case .report: WitnessRule(anchor: .start, roundsToSeconds: false, statesEnd: true)
        case .established, .failed, .denied: WitnessRule(anchor: .start, roundsToSeconds: true, statesEnd: false)
        case .closed: WitnessRule(anchor: .end, roundsToSeconds: true, statesEnd: false)
        }
    }
}

/// How a witness's records are held against Connectors' own.
struct WitnessRule {
    enum Anchor {
        case start
        case end
    }

    /// Which of a connection's times the witness's record is about.
    var anchor: Anchor
    /// A time on a whole second may be one that was cut off.
    var roundsToSeconds: Bool
    /// What it says of the end is held against the Connector's word.
    var statesEnd: Bool

    /// The finest that is assumed of any source: reports are written in hundredths of a second.
    private static let finest: Int64 = 10

    /// How far, in milliseconds, from a record at `ms` its original may be.
    func reach(at ms: Int64) -> Int64 {
        roundsToSeconds && ms % MatchReach.coarse == 0 ? MatchReach.coarse : MatchReach.usual
    }

    /// How far from it an original may be that says something else: as precise as the last digit of the time that is no zero.
    func precision(at ms: Int64) -> Int64 {
        if ms % 1_000 == 0 { return reach(at: ms) }
        return ms % 100 == 0 ? 100 : WitnessRule.finest
    }
}
