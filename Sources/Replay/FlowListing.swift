internal import AccessPolicy
internal import Dispatch
internal import FlowModel
public import FlowStore

/// Shows flows with the verdicts on them. Its methods are called on several threads at once, but for `give`.
public protocol FlowListing: Sendable {
    /// What is shown alike for all flows that share an answer, made once for them.
    associatedtype Shared
    /// Rows one behind the other.
    associatedtype Rows: Sendable

    func shared(_ answer: SharedAnswer) -> Shared
    func noRows() -> Rows
    /// - Parameter connectionID: nil where the source had none.
    func add(_ flow: StoredFlow, _ connectionID: String?, _ shared: Shared, to rows: inout Rows)
    /// Gets all rows in the order of the flows, one call after the other.
    func give(_ rows: Rows) throws
}

extension Replay {
    /// Lists every flow with the verdict on it, in the order of time and of numbers among those that start together. Gives the sums.
    ///
    /// Stretches of time are judged and shown beside each other where the policy does not depend on earlier uses. Rows of two stretches are
    /// held for each thread at most, however long `give` takes.
    public func list<Listing: FlowListing>(_ database: AuditDatabase, _ listing: Listing) throws -> ReplaySummary {
        let stretches = try walk.stretches(database, size: effort.stretchSize)
        let turns = Turns(stretches.count)
        let tallies = try database.readTogether(min(effort.parts, stretches.count)) { connection in
            do {
                let lister = FlowLister(listing, self, try FlowFactsReader(connection), turns)
                while let number = turns.take() { try lister.list(stretches[number], number, connection) }
                return lister.tally
            } catch {
                turns.fail(error)
                throw error
            }
        }
        return ReplaySummary(tallies.dropFirst().reduce(into: tallies[0]) { $0.merge($1) })
    }
}

/// Lists stretches of time on one connection.
private final class FlowLister<Listing: FlowListing> {
    /// Answers whose looks are kept.
    private static var limit: Int { 100_000 }

    private let listing: Listing
    private let replay: Replay
    private let reader: FlowFactsReader
    private let turns: Turns
    private var memory: AnswerMemory
    /// By the number of the answer: how it looks, and what it counts as.
    private var answers: [(shared: Listing.Shared, group: Int)] = []
    private(set) var tally: ReplayTally

    init(_ listing: Listing, _ replay: Replay, _ reader: FlowFactsReader, _ turns: Turns) {
        self.listing = listing
        self.replay = replay
        self.reader = reader
        self.turns = turns
        memory = FlowLister.memory(replay)
        tally = ReplayTally(history: replay.history, options: replay.options)
    }

    private static func memory(_ replay: Replay) -> AnswerMemory { AnswerMemory(limit: min(replay.effort.maxRemembered, limit)) }

    func list(_ stretch: FlowWalk, _ number: Int, _ connection: StoreConnection) throws {
        var rows = listing.noRows()
        var waiting: [Listing.Rows] = []
        let maxWaiting = 2 * replay.effort.stretchSize / replay.effort.batchSize + 1
        var isTurn = false
        var count = 0
        try stretch.forEach(connection, reader) { flow, lastUses in
            let answer = try answer(flow, lastUses)
            tally.count(flow, answers[answer].group)
            listing.add(flow, try reader.connectionID(ofFlow: flow.flowID), answers[answer].shared, to: &rows)
            count += 1
            guard count % replay.effort.batchSize == 0 else { return }
            waiting.append(rows)
            rows = listing.noRows()
            if !isTurn, waiting.count >= maxWaiting {
                // Whoever has the turn waits for nobody.
                try turns.wait(for: number)
                isTurn = true
            }
            if try isTurn || turns.isTurn(of: number) {
                for rows in waiting { try listing.give(rows) }
                waiting.removeAll()
            }
        }
        if !isTurn { try turns.wait(for: number) }
        for rows in waiting { try listing.give(rows) }
        try listing.give(rows)
        turns.pass()
    }

    private func answer(_ flow: StoredFlow, _ lastUses: LastUses) throws -> Int {
        if let known = memory.answer(flow, wholeLife: ReplayTally.coversWholeLife) { return known }
        if answers.count >= FlowLister.limit {
            answers.removeAll(keepingCapacity: true)
            memory = FlowLister.memory(replay)
        }
        let assessment = replay.history.judge(try FlowFacts(flow, reader: reader, lastUses: lastUses), options: replay.options)
        let destination = try reader.destination(flow.destination)
        let answer = SharedAnswer(
            outcome: flow.outcome, client: try reader.client(flow.client), destination: destination, assessment: assessment)
        answers.append((listing.shared(answer), tally.number(assessment, destination)))
        if !assessment.dependsOnLastUse { memory.remember(flow, answers.count - 1, while: assessment.validity) }
        return answers.count - 1
    }
}

/// Who gives rows when: stretches are taken in their order by whoever is free, and their rows are given in that order.
private final class Turns: Sendable {
    private struct State {
        var taken = 0
        var given = 0
        var failure: (any Error)?
    }

    private let count: Int
    private let state = Guarded(State())
    /// A signal for each stretch when its turn comes, and for all when one fails.
    private let signals: [DispatchSemaphore]

    init(_ count: Int) {
        self.count = count
        signals = (0..<count).map { _ in DispatchSemaphore(value: 0) }
        signals.first?.signal()
    }

    /// The next stretch that nobody has.
    func take() -> Int? {
        state.withLock { state in
            guard state.taken < count, state.failure == nil else { return nil }
            defer { state.taken += 1 }
            return state.taken
        }
    }

    /// - Throws: why another stretch failed.
    func isTurn(of number: Int) throws -> Bool {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.given == number
        }
    }

    /// - Throws: why another stretch failed.
    func wait(for number: Int) throws {
        signals[number].wait()
        _ = try isTurn(of: number)
    }

    /// The stretch whose turn it is has given all its rows.
    func pass() {
        let next = state.withLock { state in
            state.given += 1
            return state.given
        }
        if next < count { signals[next].signal() }
    }

    func fail(_ error: any Error) {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
        for signal in signals { signal.signal() }
    }
}
