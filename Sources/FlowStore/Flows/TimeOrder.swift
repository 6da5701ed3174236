internal import GRDB

/// The rows of flows by start, then by number, without sorting all of them at once: flows that were written together start at about the same
/// time, so runs of them are read by their earliest start, and what can no longer be preceded is given.
struct TimeOrder {
    /// A row of `flow_fact`, as far as `FlowScan` reads it.
    struct Row {
        var startedAt: Int64
        var flowID: Int64
        /// `Int64.min` for none.
        var duration: Int64
        var state: Int64
        var aggregate: Int64
        var resourceIP: Int64
        var remark: Int64

        static let noDuration = Int64.min
    }

    /// Rows held at a time, 56 bytes each: 112 MB. Histories of which more must be held are sorted by SQLite.
    static let defaultLimit = 2_000_000
    /// Rows that are read before it is looked which of them can be given.
    private static let batch = 1 << 17

    private let runs: [FlowRun]

    /// Nil when too many flows would have to be held: then their order is none of the runs'.
    init?(_ database: Database, since: Int64, until: Int64, limit: Int) throws {
        guard since < until else {
            runs = []
            return
        }
        runs = try FlowRun.all(database, from: since, through: until - 1).sorted { ($0.earliest, $0.first) < ($1.earliest, $1.first) }
        guard TimeOrder.maxHeld(runs) <= limit else { return nil }
    }

    /// The most flows of runs whose times meet, at any time.
    private static func maxHeld(_ runs: [FlowRun]) -> Int {
        // A run is held from its earliest start, where its flows are counted, until a later run begins behind its latest.
        var ends = runs.map { (at: $0.latest, flows: Int($0.last - $0.first + 1)) }
        ends.sort { $0.at < $1.at }
        var (held, most, ended) = (0, 0, 0)
        for run in runs {
            while ended < ends.count, ends[ended].at < run.earliest {
                held -= ends[ended].flows
                ended += 1
            }
            held += Int(run.last - run.first + 1)
            most = max(most, held)
        }
        return most
    }

    /// Calls `body` for each row; `statement` gives the rows between two numbers, its third and fourth parameter.
    func forEach(_ statement: RawStatement, _ body: (Row) throws -> Void) throws {
        var held: [Row] = []
        var room = TimeOrder.batch
        for (place, run) in runs.enumerated() {
            statement.bind(3, run.first)
            statement.bind(4, run.last + 1)
            while try statement.step() { held.append(TimeOrder.row(statement)) }
            statement.reset()
            guard place + 1 < runs.count, held.count >= room else { continue }
            let horizon = runs[place + 1].earliest
            // What starts before any flow that is still to come.
            let split = held.partition { $0.startedAt < horizon }
            try TimeOrder.give(&held, from: split, body)
            held.removeSubrange(split...)
            room = held.count * 2 + TimeOrder.batch
        }
        try TimeOrder.give(&held, from: 0, body)
    }

    private static func give(_ rows: inout [Row], from first: Int, _ body: (Row) throws -> Void) throws {
        rows[first...].sort { ($0.startedAt, $0.flowID) < ($1.startedAt, $1.flowID) }
        for place in first..<rows.count { try body(rows[place]) }
    }

    @inline(__always)
    static func row(_ statement: RawStatement) -> Row {
        Row(
            startedAt: statement.integer(1), flowID: statement.integer(0), duration: statement.optionalInteger(2) ?? Row.noDuration,
            state: statement.integer(3), aggregate: statement.integer(4), resourceIP: statement.integer(5), remark: statement.integer(6))
    }
}
