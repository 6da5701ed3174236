internal import FlowModel
public import FlowStore

/// A connection whose views are quick to read, while it runs statements.
public struct StatementLane {
    public let connection: StoreConnection
    fileprivate let gatherDetails: () throws -> Void

    /// To be called before a statement is run: gathers the view `access_detail`, once, for the first that asks it.
    public func prepare(for sql: String) throws {
        if StatementLane.readsDetails(sql) { try gatherDetails() }
    }

    fileprivate static func words(_ sql: String) -> Set<Substring> { Set(sql.split { !($0.isLetter || $0 == "_") }) }

    fileprivate static func readsDetails(_ sql: String) -> Bool { words(sql).contains("access_detail") }
}

/// Runs many statements over one state of a database, on as many connections as there are processors, each with its names gathered.
///
/// Which connection runs a statement changes nothing of its answer, nor of the order in which answers are given.
public struct StatementLanes: Sendable {
    /// Each lane holds up to 100 MB of pages and rows that are sorted, beside what a statement keeps: more lanes would need more memory than
    /// the half gigabyte that a run may take.
    private static let maxLanes = 2
    /// Flows for each lane from which on another one is worth its start.
    package static let defaultFlows = 50_000

    private let database: AuditDatabase
    private let period: Period
    /// Flows for each lane.
    package var fewestFlows = StatementLanes.defaultFlows

    public init(database: AuditDatabase, period: Period) {
        self.database = database
        self.period = period
    }

    /// Calls `body` once for each of the statements.
    ///
    /// - Parameters:
    ///   - statements: SQL; decides only in which order and on which connection they are run.
    ///   - prepare: is called once before the first of them; its answer is given to each.
    /// - Returns: the answers in the order of the statements. An error that `body` throws ends the run.
    public func run<Prepared: Sendable, Value: Sendable>(
        _ statements: [String], prepare: @escaping @Sendable (StoreConnection) throws -> Prepared,
        _ body: @escaping @Sendable (_ lane: StatementLane, _ prepared: Prepared, _ place: Int) throws -> Value
    ) throws -> (prepared: Prepared, values: [Value]) {
        let list = WorkList<Prepared, Value>(statements)
        let bounds = period.bounds
        let lanes = try database.read {
            try FlowStretch.cuts(
                $0, since: .distantPast, until: .distantFuture,
                parts: min(StatementLanes.maxLanes, AuditDatabase.defaultParts, statements.count),
                smallest: fewestFlows
            ).count + 1
        }
        _ = try database.readTogether(lanes) { connection in
            try GatheredNames.with(connection) { gathered in
                do {
                    let prepared = try list.prepared { try prepare(connection) }
                    let lane = StatementLane(connection: connection) {
                        try gathered.gatherDetails(since: bounds.since, until: bounds.until)
                    }
                    while let work = list.next(hasDetails: gathered.hasDetails) {
                        list.finish(work, try body(lane, prepared, work.place))
                    }
                } catch {
                    list.stop()
                    throw error
                }
            }
        }
        return (try list.prepared { throw StatementError.misuse }, list.values)
    }
}

/// What there is to run, and what came of it; lanes take from it.
private final class WorkList<Prepared: Sendable, Value: Sendable>: Sendable {
    struct Work: Sendable {
        var place: Int
        /// It asks the view `access_detail`, which takes a pass over all flows to gather.
        var readsDetails: Bool
        /// It asks the view `flow`, which may take as long as all of the roll-up's questions together.
        var readsFlows: Bool
        /// The longer a statement, the more it does.
        var length: Int
    }

    private struct State {
        var prepared: Prepared?
        var waiting: [Work]
        var detailsTaken = false
        var values: [Int: Value] = [:]
    }

    private let state: Guarded<State>
    private let count: Int

    init(_ statements: [String]) {
        count = statements.count
        let work = statements.enumerated().map { place, sql in
            Work(
                place: place, readsDetails: StatementLane.readsDetails(sql), readsFlows: StatementLane.words(sql).contains("flow"),
                length: sql.utf8.count)
        }
        // The long ones first, so that the lanes end at about the same time.
        state = Guarded(
            State(waiting: work.sorted { ($0.readsFlows ? 1 : 0, $0.length, $1.place) > ($1.readsFlows ? 1 : 0, $1.length, $0.place) }))
    }

    /// What `make` gave when it was called first.
    func prepared(_ make: () throws -> Prepared) throws -> Prepared {
        try state.withLock { state in
            if let prepared = state.prepared { return prepared }
            let prepared = try make()
            state.prepared = prepared
            return prepared
        }
    }

    /// The next statement for a connection; details are gathered on one connection, as long as there is other work for the others.
    func next(hasDetails: Bool) -> Work? {
        state.withLock { state in
            guard !state.waiting.isEmpty else { return nil }
            let wantsDetails = hasDetails || !state.detailsTaken
            let place = state.waiting.firstIndex { $0.readsDetails == wantsDetails } ?? 0
            let work = state.waiting.remove(at: place)
            if work.readsDetails { state.detailsTaken = true }
            return work
        }
    }

    func finish(_ work: Work, _ value: Value) {
        state.withLock { $0.values[work.place] = value }
    }

    /// Leaves the rest undone.
    func stop() {
        state.withLock { $0.waiting.removeAll() }
    }

    /// By place; all of them, unless the list was stopped.
    var values: [Value] {
        state.withLock { state in (0..<count).compactMap { state.values[$0] } }
    }
}
