public import FlowModel
public import GRDB

/// A flow of the database, as far as judging it needs: whatever it shares with others is a number.
public struct StoredFlow: Sendable {
    public var flowID: Int64
    public var startedAt: Timestamp
    public var endedAt: Timestamp?
    public var outcome: RecordedOutcome
    /// Number of who, from where, to what, through which Connector, with what outcome and stored assessment.
    public var aggregate: Int64
    /// Number of who and from where; equal numbers are equal in all of it.
    public var client: Int64
    /// Number of what and through which Connector.
    public var destination: Int64
    public var resourceIP: Int64
    public var remark: Int64
    /// The assessment that is stored; 0 for none.
    public var assessment: Int64

    package var outcomeCode: Int64
    /// It is no flow of its own: another one stands for it.
    package var isMatched: Bool
}

/// Walks all flows of a database.
public final class FlowScan {
    public enum Order: Sendable {
        /// As they lie in the table, between two numbers: the cheapest.
        case row(from: Int64 = .min, before: Int64 = .max)
        /// By start, then by number.
        case time
    }

    private let database: Database
    private let aggregates: AggregateFacts
    /// Rows that are held to bring them into the order of time.
    private let maxHeld: Int

    public convenience init(_ database: Database) throws {
        try self.init(database, maxHeld: TimeOrder.defaultLimit)
    }

    init(_ database: Database, maxHeld: Int) throws {
        self.database = database
        self.maxHeld = maxHeld
        aggregates = try AggregateFacts(database)
    }

    /// `since` and `until` bound the start: from `since` on, before `until`. `withMatched`: whether records come too that were recognised as
    /// other flows.
    public func forEach(
        order: Order, since: Timestamp = .distantPast, until: Timestamp = .distantFuture, withMatched: Bool = false,
        _ body: (StoredFlow) throws -> Void
    ) throws {
        try aggregates.load()
        let wanted = withMatched ? FlowScan.wanted : FlowScan.wanted + " AND state & \(FlowState.matched.rawValue) = 0"
        switch order {
        case .time:
            guard let order = try TimeOrder(database, since: since.milliseconds, until: until.milliseconds, limit: maxHeld) else {
                return try select(wanted + " ORDER BY started_at, flow_id", from: .min, before: .max, since, until, body)
            }
            let statement = try statement(wanted)
            statement.bind(1, since.milliseconds)
            statement.bind(2, until.milliseconds)
            defer { statement.reset() }
            try order.forEach(statement) { try body(try flow($0)) }
        case .row(let from, let before):
            for stretch in try FlowStretch.all(database, since: since, until: until) where stretch.last >= from && stretch.first < before {
                try select(
                    wanted + " ORDER BY flow_id", from: max(from, stretch.first),
                    before: stretch.last < before ? stretch.last + 1 : before, since, until, body)
            }
        }
    }

    private static let wanted = "started_at >= ?1 AND started_at < ?2 AND flow_id >= ?3 AND flow_id < ?4"

    private func select(
        _ condition: String, from: Int64, before: Int64, _ since: Timestamp, _ until: Timestamp, _ body: (StoredFlow) throws -> Void
    ) throws {
        let statement = try statement(condition)
        statement.bind(1, since.milliseconds)
        statement.bind(2, until.milliseconds)
        statement.bind(3, from)
        statement.bind(4, before)
        defer { statement.reset() }
        while try statement.step() { try body(try flow(TimeOrder.row(statement))) }
    }

    private func statement(_ condition: String) throws -> RawStatement {
        try RawStatement(database, "SELECT \(FlowScan.columns) FROM flow_fact WHERE \(condition)")
    }

    /// One flow by its number.
    public func flow(_ id: Int64) throws -> StoredFlow? {
        let statement = try RawStatement(database, "SELECT \(FlowScan.columns) FROM flow_fact WHERE flow_id = ?")
        statement.bind(1, id)
        defer { statement.reset() }
        return try statement.step() ? flow(TimeOrder.row(statement)) : nil
    }

    private static let columns = "flow_id, started_at, duration_ms, state, aggregate_id, resource_ip, remark_id"

    @inline(__always)
    private func flow(_ row: TimeOrder.Row) throws -> StoredFlow {
        let state = FlowState(rawValue: row.state)
        let aggregate = try aggregates.aggregate(row.aggregate)
        return StoredFlow(
            flowID: row.flowID, startedAt: Timestamp(milliseconds: row.startedAt),
            endedAt: row.duration == TimeOrder.Row.noDuration ? nil : Timestamp(milliseconds: row.startedAt &+ row.duration),
            outcome: state.outcome, aggregate: row.aggregate, client: aggregate.client, destination: aggregate.destination,
            resourceIP: row.resourceIP,
            remark: row.remark, assessment: aggregate.assessment, outcomeCode: state.outcomeCode, isMatched: state.contains(.matched))
    }
}

/// Consecutive numbers of flows among which those of a period are.
public struct FlowStretch: Sendable {
    public var first: Int64
    public var last: Int64

    /// Every flow that starts from `since` on and before `until` is in one of them; ascending, with gaps between them.
    static func all(_ database: Database, since: Timestamp, until: Timestamp) throws -> [FlowStretch] {
        var stretches: [FlowStretch] = []
        for run in try FlowRun.all(database, since: since, until: until) {
            if let end = stretches.last?.last, end + 1 == run.first {
                stretches[stretches.count - 1].last = run.last
            } else {
                stretches.append(FlowStretch(first: run.first, last: run.last))
            }
        }
        return stretches
    }

    /// Numbers that cut the flows of a period into at most so many parts of like size, none much smaller than `smallest`; ascending,
    /// none for one part.
    public static func cuts(
        _ database: Database, since: Timestamp, until: Timestamp, parts: Int, smallest: Int
    ) throws -> [Int64] {
        let stretches = try all(database, since: since, until: until)
        let flows = stretches.reduce(Int64(0)) { $0 + $1.last - $1.first + 1 }
        let parts = min(Int64(parts), flows / Int64(max(1, smallest)))
        guard parts > 1 else { return [] }
        var cuts: [Int64] = []
        var before: Int64 = 0
        for stretch in stretches {
            let count = stretch.last - stretch.first + 1
            while Int64(cuts.count) < parts - 1, case let wanted = flows / parts * Int64(cuts.count + 1), wanted < before + count {
                cuts.append(stretch.first + wanted - before)
            }
            before += count
        }
        return cuts
    }

    /// Flows that are asked for their start to find one cut.
    private static let samples = 16

    /// Times that cut the flows of a period into at most so many parts of about the same size, none much smaller than `smallest`; ascending,
    /// each within the period and behind the one before it; none for one part.
    ///
    /// They are taken from the starts of flows at even distances in the table: a flow whose clock was wrong counts as what it is, one flow.
    public static func timeCuts(
        _ database: Database, since: Timestamp, until: Timestamp, parts: Int, smallest: Int
    ) throws -> [Timestamp] {
        let runs = try FlowRun.all(database, since: since, until: until)
        let flows = runs.reduce(Int64(0)) { $0 + $1.last - $1.first + 1 }
        let parts = min(parts, Int(clamping: flows / Int64(max(1, smallest))))
        guard parts > 1 else { return [] }
        let statement = try RawStatement(database, "SELECT started_at FROM flow_fact WHERE flow_id >= ? ORDER BY flow_id LIMIT 1")
        var starts: [Int64] = []
        let distance = max(1, flows / Int64(max(parts * samples, 256)))
        var before: Int64 = 0
        for run in runs {
            let count = run.last - run.first + 1
            // The first multiple of the distance among the places of the run.
            for place in stride(from: (distance - before % distance) % distance, to: count, by: Int(distance)) {
                statement.bind(1, run.first + place)
                if try statement.step(), case let start = statement.integer(0), start >= since.milliseconds, start < until.milliseconds {
                    starts.append(start)
                }
                statement.reset()
            }
            before += count
        }
        starts.sort()
        var cuts: [Timestamp] = []
        for part in 1..<parts where !starts.isEmpty {
            let cut = Timestamp(milliseconds: starts[part * starts.count / parts])
            if cut > cuts.last ?? since { cuts.append(cut) }
        }
        return cuts
    }

    /// Times that cut the flows of a period into parts of about `size`. None where runs overlap in time so much that reading the parts, each
    /// with all runs that have flows in it, would cost more than `maxReads` times as much as reading all flows once.
    public static func timeCuts(
        _ database: Database, since: Timestamp, until: Timestamp, size: Int, maxReads: Int64
    ) throws -> [Timestamp] {
        let cuts = try timeCuts(database, since: since, until: until, parts: .max, smallest: size)
        let runs = try FlowRun.all(database, since: since, until: until)
        var (flows, read) = (Int64(0), Int64(0))
        for run in runs {
            let count = run.last - run.first + 1
            flows += count
            read += count * Int64(1 + place(cuts, run.latest) - place(cuts, run.earliest))
        }
        return read / maxReads <= flows ? cuts : []
    }

    /// How many of the cuts are not after `time`.
    private static func place(_ cuts: [Timestamp], _ time: Int64) -> Int {
        var (low, high) = (0, cuts.count)
        while low < high {
            let middle = (low + high) / 2
            if cuts[middle].milliseconds <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
