internal import AccessPolicy
internal import FlowModel
internal import FlowStore

/// Answers to flows, summed up. Flows that differ in nothing but time share an answer for as long as it holds.
protocol FlowTally: Sendable {
    /// Whether an answer speaks of a flow's whole life; otherwise of its start only.
    static var coversWholeLife: Bool { get }

    /// Answers one flow; does not count it.
    mutating func judge(_ flow: StoredFlow, _ facts: FlowFacts, _ reader: FlowFactsReader) throws -> FlowAnswer
    /// Counts a flow with the answer of that number.
    mutating func count(_ flow: StoredFlow, _ number: Int)
}

/// A tally which parts of the work can add up to.
protocol MergingTally: FlowTally {
    /// Adds what was found in later flows, by the order in which they are walked.
    mutating func merge(_ later: Self)
}

struct FlowAnswer {
    /// Of the tally's own counting: the same for the same answer.
    var number: Int
    var holds: Validity
    /// Then it holds for this flow only.
    var dependsOnLastUse: Bool
}

/// How the work is done; changes nothing of the result.
struct WalkEffort: Sendable {
    /// Worth another connection and thread.
    static let defaultSmallestPart = 50_000

    var parts = AuditDatabase.defaultParts
    var smallestPart = defaultSmallestPart
    /// Answers remembered at a time in each part; with 0 every flow is judged.
    var maxRemembered = AnswerMemory.defaultLimit
    /// Flows of a stretch of time that is listed at once.
    var stretchSize = 200_000
    /// How often, on average, a flow may be read for such stretches.
    var maxReads: Int64 = 2
    /// Flows whose rows are given together.
    var batchSize = 4_096
}

/// Walks the flows of a period with what is needed to ask a policy about them.
struct FlowWalk {
    var since: Timestamp
    var until: Timestamp
    /// Automatic locks depend on earlier uses: flows then come in the order of time, and the walk begins with the first one.
    var tracksUse: Bool
    var effort = WalkEffort()

    /// Flows in any order, unless uses are tracked; in several parts at the same time.
    func run<Tally: MergingTally>(_ database: AuditDatabase, _ empty: Tally) throws -> Tally {
        guard !tracksUse else { return try runInTimeOrder(database, empty) }
        let cuts = try database.read {
            try FlowStretch.cuts($0, since: since, until: until, parts: effort.parts, smallest: effort.smallestPart)
        }
        let bounds = [Int64.min] + cuts + [.max]
        let tallies = try database.readParts(bounds.count - 1) { connection, part in
            try tally(connection, .row(from: bounds[part], before: bounds[part + 1]), empty, since: since, until: until)
        }
        return tallies.dropFirst().reduce(into: tallies[0]) { $0.merge($1) }
    }

    /// Flows in the order of time; where no uses are tracked, in several stretches of time at once, whose tallies are added up in that order.
    func runInTimeOrder<Tally: MergingTally>(_ database: AuditDatabase, _ empty: Tally) throws -> Tally {
        let cuts =
            try tracksUse
            ? []
            : database.read {
                try FlowStretch.timeCuts($0, since: since, until: until, parts: effort.parts, smallest: effort.smallestPart)
            }
        let bounds = [since] + cuts + [until]
        let tallies = try database.readParts(bounds.count - 1) { connection, part in
            try tally(connection, .time, empty, since: bounds[part], until: bounds[part + 1])
        }
        return tallies.dropFirst().reduce(into: tallies[0]) { $0.merge($1) }
    }

    /// The flows of a period in stretches of time that can be walked each by itself: one where uses are tracked.
    func stretches(_ database: AuditDatabase, size: Int) throws -> [FlowWalk] {
        guard !tracksUse else { return [self] }
        let cuts = try database.read { try FlowStretch.timeCuts($0, since: since, until: until, size: size, maxReads: effort.maxReads) }
        let bounds = [since] + cuts + [until]
        return (0...cuts.count).map { place in
            var part = self
            (part.since, part.until) = (bounds[place], bounds[place + 1])
            return part
        }
    }

    /// Calls `body` with each flow in the order of time.
    func forEach(
        _ connection: StoreConnection, _ reader: FlowFactsReader, _ body: (StoredFlow, LastUses) throws -> Void
    ) throws {
        try forEach(connection, .time, reader, since: since, until: until, body)
    }

    private func tally<Tally: FlowTally>(
        _ connection: StoreConnection, _ order: FlowScan.Order, _ empty: Tally, since: Timestamp, until: Timestamp
    ) throws -> Tally {
        let reader = try FlowFactsReader(connection)
        let memory = AnswerMemory(limit: effort.maxRemembered)
        var tally = empty
        try forEach(connection, order, reader, since: since, until: until) { flow, lastUses in
            if let known = memory.answer(flow, wholeLife: Tally.coversWholeLife) { return tally.count(flow, known) }
            let answer = try tally.judge(flow, try FlowFacts(flow, reader: reader, lastUses: lastUses), reader)
            if !answer.dependsOnLastUse { memory.remember(flow, answer.number, while: answer.holds) }
            tally.count(flow, answer.number)
        }
        return tally
    }

    private func forEach(
        _ connection: StoreConnection, _ order: FlowScan.Order, _ reader: FlowFactsReader, since: Timestamp, until: Timestamp,
        _ body: (StoredFlow, LastUses) throws -> Void
    ) throws {
        let scan = try FlowScan(connection)
        guard tracksUse else { return try scan.forEach(order: order, since: since, until: until) { try body($0, .none) } }
        var uses = LastUse()
        try scan.forEach(order: order, until: until) { flow in
            let lastUses = try uses.advance(flow, reader: reader)
            if flow.startedAt >= since { try body(flow, lastUses) }
        }
    }
}
