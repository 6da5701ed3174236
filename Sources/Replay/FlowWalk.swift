import AccessPolicy
import AuditStore
import FlowModel

/// Walks the flows of a period with what is needed to ask a policy about them.
struct FlowWalk {
    var since: Timestamp
    var until: Timestamp
    /// Automatic locks depend on earlier uses: flows then come in the order of time, and the walk begins with the first one.
    var tracksUse: Bool
    /// Whether the order of time is needed for another reason.
    var inTimeOrder = false

    /// Calls `body` with each flow of the period and the time of last use, where that is tracked.
    func run(_ database: AuditDatabase, _ body: (StoredFlow, FlowFactsReader, Timestamp?) throws -> Void) throws {
        try database.read { connection in
            let reader = try FlowFactsReader(connection)
            var lastUse = LastUse()
            let begin = tracksUse ? Timestamp.distantPast : since
            let order = tracksUse || inTimeOrder ? FlowScan.Order.time : .row()
            try FlowScan(connection).forEach(order: order, since: begin, until: until) { flow in
                let lastAccess = tracksUse ? try lastUse.advance(flow, reader: reader) : nil
                guard flow.startedAt >= since else { return }
                try body(flow, reader, lastAccess)
            }
        }
    }
}

/// Everything of a flow that an answer depends on, but time, outcome and last use.
struct FlowQuestion: Hashable {
    var origin: Int64
    var target: Int64
    var resourceIP: Int64

    /// Answers remembered at a time; all are forgotten when there are more. About 30 MB.
    static let mostRemembered = 300_000

    init(_ flow: StoredFlow) {
        origin = flow.origin
        target = flow.target
        resourceIP = flow.resourceIP
    }
}

/// Days on which something happened.
struct DaySet: Sendable {
    /// Bits from `firstWord * 64` days after the epoch on.
    private var words: [UInt64] = []
    private var firstWord = 0

    mutating func insert(_ time: Timestamp) {
        let day = Int(time.milliseconds / millisecondsPerDay) - (time.milliseconds % millisecondsPerDay < 0 ? 1 : 0)
        let word = day >> 6
        if words.isEmpty {
            firstWord = word
            words = [0]
        } else if word < firstWord {
            guard firstWord - word <= DaySet.mostWords else { return }
            words.insert(contentsOf: repeatElement(0, count: firstWord - word), at: 0)
            firstWord = word
        } else if word - firstWord >= words.count {
            guard word - firstWord <= DaySet.mostWords else { return }
            words.append(contentsOf: repeatElement(0, count: word - firstWord - words.count + 1))
        }
        words[word - firstWord] |= 1 << UInt64(day & 63)
    }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// 350 years: a record with an absurd time must not take memory by it.
    private static let mostWords = 2_000
}

let millisecondsPerDay: Int64 = 86_400_000
