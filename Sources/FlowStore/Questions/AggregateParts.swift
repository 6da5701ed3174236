internal import FlowModel
internal import GRDB

/// An aggregate, one of its hours, or one of its flows: what sums of a question are made of.
struct AggregatePart {
    /// Milliseconds; 0 when nobody asks.
    var hour: Int64 = 0
    var aggregate: Int64
    var client: Int64
    var destination: Int64
    var outcome: Int64
    var assessment: Int64
    var flows: Int64
    var bytesReceived: Int64
    var bytesTransferred: Int64
    var first: Int64
    var last: Int64
}

/// Walks what a filter lets through of the roll-up, and takes a part apart where the answer depends on when its flows began: an aggregate into
/// its hours, and an hour into its flows.
struct AggregateParts {
    private let database: Database
    private let filter: FlowFilter
    private let numbers: FlowFilter.Numbers
    private let clients: NumberSet?
    private let destinations: NumberSet?
    private let assessments: NumberSet?
    /// Of hours before, flows were taken out: their sums cannot be taken apart.
    private let watermark: Int64
    /// Whether the answer says when, so that a whole aggregate is too much.
    private let isByHour: Bool
    /// Groups, where the question is about them, and the user of each client.
    private let groups: GroupTimes?
    private let users: [Int64]

    init(
        _ database: Database, _ filter: FlowFilter, _ numbers: FlowFilter.Numbers, isByHour: Bool, groups: GroupTimes?, users: [Int64]
    ) throws {
        self.database = database
        self.filter = filter
        self.numbers = numbers
        self.isByHour = isByHour || filter.since != nil || filter.until != nil
        self.groups = groups
        self.users = users
        clients = numbers.clients.map(NumberSet.init)
        destinations = numbers.destinations.map(NumberSet.init)
        assessments = numbers.assessments.map(NumberSet.init)
        watermark = try PruneWatermark(database).hour
    }

    /// Gives the number of flows of which it is not known whether they are meant, since they were pruned and only the sums of an hour are
    /// left in which the period begins or ends, or groups change. They are counted.
    @inline(__always)
    func forEach(_ body: (AggregatePart) -> Void) throws -> Int64 {
        guard let groups else {
            return try isByHour ? forEachHour { if isWanted($0) { body($0) } } : forEachAggregate { if isWanted($0) { body($0) } }
        }
        var hours: [Int64: Set<Int64>] = [:]
        var aggregates: Set<Int64> = []
        func isSplit(_ part: AggregatePart) -> Bool {
            let user = part.client >= 0 && part.client < users.count ? users[Int(part.client)] : AccessKeys.none
            return user != AccessKeys.none && groups.changes(of: user, from: part.first, through: part.last)
        }
        func takeHour(_ part: AggregatePart) {
            if !isSplit(part) { return give(part) }
            hours[AggregateRollup.hour(of: part.first), default: []].insert(part.aggregate)
        }
        func give(_ part: AggregatePart) {
            if numbers.isMember(part, users) { body(part) }
        }
        var blurred: Int64 = 0
        var split: Int64 = 0
        if isByHour {
            blurred = try forEachHour { if isWanted($0) { takeHour($0) } }
        } else {
            _ = try forEachAggregate { part in
                guard isWanted(part) else { return }
                if isSplit(part) { aggregates.insert(part.aggregate) } else { give(part) }
            }
            try forEachHour(of: aggregates, takeHour)
        }
        for (hour, aggregates) in hours.sorted(by: { $0.key < $1.key }) {
            let start = hour &* AggregateRollup.hourMs
            let (since, until) = (filter.since?.milliseconds ?? .min, filter.until?.milliseconds ?? .max)
            let more = try forEachFlow(max(since, start), min(until, AggregateParts.end(of: hour))) { part in
                guard aggregates.contains(part.aggregate), isWanted(part) else { return }
                // Still whole where its flows were pruned.
                if isSplit(part), numbers.isMember(part, users) { split = split.addingSaturating(part.flows) }
                give(part)
            }
            blurred = blurred.addingSaturating(more)
        }
        return blurred.addingSaturating(split)
    }

    @inline(__always)
    private func isWanted(_ part: AggregatePart) -> Bool {
        if let clients, !clients.contains(part.client) { return false }
        if let destinations, !destinations.contains(part.destination) { return false }
        if let assessments, !assessments.contains(part.assessment) { return false }
        return true
    }

    @inline(__always)
    private func forEachAggregate(_ body: (AggregatePart) -> Void) throws -> Int64 {
        try AggregatePages.forEachNumbered(database) { number, page in
            page.withColumns { values in
                func value(_ column: AggregatePage.Column, _ place: Int) -> Int64 {
                    values[column.rawValue * AggregatePage.aggregates + place]
                }
                for place in 0..<AggregatePage.aggregates where value(.flows, place) > 0 {
                    body(
                        AggregatePart(
                            aggregate: number &* Int64(AggregatePage.aggregates) &+ Int64(place),
                            client: value(.client, place), destination: value(.destination, place), outcome: value(.outcome, place),
                            assessment: value(.assessment, place), flows: value(.flows, place),
                            bytesReceived: value(.bytesReceived, place), bytesTransferred: value(.bytesTransferred, place),
                            first: value(.firstAt, place), last: value(.lastAt, place)))
                }
            }
        }
        return 0
    }

    /// The end of an hour, in milliseconds.
    private static func end(of hour: Int64) -> Int64 {
        let (end, overflow) = (hour + 1).multipliedReportingOverflow(by: AggregateRollup.hourMs)
        return overflow ? (hour < 0 ? .min : .max) : end
    }

    private static let hourColumns = """
        hour * \(AggregateRollup.hourMs), h.aggregate_id, client_id, destination_id, outcome, assessment_id, flows, bytes_received, bytes_transferred,
        hour * \(AggregateRollup.hourMs) + first_ms, hour * \(AggregateRollup.hourMs) + last_ms
        """

    /// Hours that lie within the period are in the roll-up; of those that the period cuts, the flows themselves are counted.
    private func forEachHour(_ body: (AggregatePart) -> Void) throws -> Int64 {
        let hourMs = AggregateRollup.hourMs
        let (since, until) = (filter.since?.milliseconds, filter.until?.milliseconds)
        let first = since.map { AggregateRollup.hour(of: $0) + ($0 % hourMs == 0 ? 0 : 1) } ?? .min
        let behind = until.map { AggregateRollup.hour(of: $0) } ?? .max
        guard first <= behind else {
            // Both ends are in the same hour.
            return try forEachFlow(since ?? .min, until ?? .max, body)
        }
        var blurred: Int64 = 0
        if let since, since % hourMs != 0 { blurred = try forEachFlow(since, AggregateParts.end(of: first - 1), body) }
        if let until, until % hourMs != 0 {
            blurred = blurred.addingSaturating(try forEachFlow(AggregateParts.end(of: behind - 1), until, body))
        }
        let hours = try RawStatement(
            database,
            """
            SELECT \(AggregateParts.hourColumns) FROM aggregate_hour h CROSS JOIN aggregate e ON e.aggregate_id = h.aggregate_id WHERE slot >= ? AND slot < ?
            """)
        hours.bind(1, AggregateRollup.slot(hour: first))
        hours.bind(2, AggregateRollup.slot(hour: behind))
        try forEachRow(hours, body)
        return blurred
    }

    /// More aggregates than this are looked for in all hours, not one by one.
    private static let maxLookedUp = 2_000

    private func forEachHour(of aggregates: Set<Int64>, _ body: (AggregatePart) -> Void) throws {
        guard aggregates.count <= AggregateParts.maxLookedUp else {
            let wanted = NumberSet(aggregates)
            let hours = try RawStatement(
                database,
                "SELECT \(AggregateParts.hourColumns) FROM aggregate_hour h CROSS JOIN aggregate e ON e.aggregate_id = h.aggregate_id")
            return try forEachRow(hours) { if wanted.contains($0.aggregate) { body($0) } }
        }
        let hours = try RawStatement(
            database,
            """
            SELECT \(AggregateParts.hourColumns) FROM aggregate_hour h CROSS JOIN aggregate e ON e.aggregate_id = h.aggregate_id
            WHERE h.aggregate_id = ? ORDER BY slot
            """)
        for aggregate in aggregates.sorted() {
            hours.bind(1, aggregate)
            try forEachRow(hours, body)
        }
    }

    /// Flows that start from `since` on and before `until`, which are in one hour; of an hour whose flows were pruned, its sums, as far as
    /// some of their flows may be meant. Gives of how many flows that is not sure.
    private func forEachFlow(_ since: Int64, _ until: Int64, _ body: (AggregatePart) -> Void) throws -> Int64 {
        guard since < until else { return 0 }
        let hour = AggregateRollup.hour(of: since)
        if hour < watermark {
            var blurred: Int64 = 0
            let hours = try RawStatement(
                database,
                """
                SELECT \(AggregateParts.hourColumns) FROM aggregate_hour h CROSS JOIN aggregate e ON e.aggregate_id = h.aggregate_id
                WHERE slot >= ? AND slot < ?
                """)
            hours.bind(1, AggregateRollup.slot(hour: hour))
            hours.bind(2, AggregateRollup.slot(hour: hour + 1))
            try forEachRow(hours) { part in
                guard part.last >= since, part.first < until else { return }
                if part.first < since || part.last >= until, isWanted(part) { blurred = blurred.addingSaturating(part.flows) }
                body(part)
            }
            return blurred
        }
        let narrowing = try FlowNarrowing.condition(
            clients: numbers.clients, since: Timestamp(milliseconds: since), until: Timestamp(milliseconds: until), database)
        let hourMs = AggregateRollup.hourMs
        let flows = try RawStatement(
            database,
            """
            SELECT started_at - (started_at % \(hourMs) + \(hourMs)) % \(hourMs), f.aggregate_id, client_id, destination_id, outcome, assessment_id, 1,
                coalesce(bytes_received, 0), coalesce(bytes_transferred, 0), started_at, started_at
            FROM flow_fact f CROSS JOIN aggregate e ON e.aggregate_id = f.aggregate_id
            WHERE started_at >= ? AND started_at < ? AND state & \(FlowState.matched.rawValue) = 0 AND \(narrowing ?? "1")
            """)
        flows.bind(1, since)
        flows.bind(2, until)
        try forEachRow(flows, body)
        return 0
    }

    private func forEachRow(_ rows: RawStatement, _ body: (AggregatePart) -> Void) throws {
        defer { rows.reset() }
        while try rows.step() {
            body(
                AggregatePart(
                    hour: rows.integer(0), aggregate: rows.integer(1), client: rows.integer(2), destination: rows.integer(3),
                    outcome: rows.integer(4), assessment: rows.integer(5), flows: rows.integer(6), bytesReceived: rows.integer(7),
                    bytesTransferred: rows.integer(8), first: rows.integer(9), last: rows.integer(10)))
        }
    }
}

/// Numbers of a dictionary, to ask many times whether one is among them.
struct NumberSet {
    private var isIn: [Bool]

    init(_ numbers: Set<Int64>) {
        isIn = [Bool](repeating: false, count: Int(clamping: numbers.max() ?? -1) + 1)
        for number in numbers where number >= 0 { isIn[Int(number)] = true }
    }

    @inline(__always)
    func contains(_ number: Int64) -> Bool {
        number >= 0 && number < isIn.count && isIn[Int(number)]
    }
}
