internal import GRDB

/// What flows add to an aggregate.
struct AggregateTotal {
    var aggregate: Int64
    var sum = AggregateRollup.Sum()
}

/// Reads and writes the table `aggregate_page`: the sums of every aggregate over all time, so close together that a question about everything reads
/// a few thousand rows where there are a million aggregates.
final class AggregatePages {
    private let select: RawStatement
    private let write: RawStatement
    private let selectKeys: RawStatement
    private let selectTimes: RawStatement
    private let selectBytes: RawStatement
    private var page = AggregatePage()
    private var bytes: [UInt8] = []

    init(_ database: Database) throws {
        select = try RawStatement(database, "SELECT sums FROM aggregate_page WHERE page = ?")
        write = try RawStatement(database, "INSERT OR REPLACE INTO aggregate_page (page, sums) VALUES (?, ?)")
        selectKeys = try RawStatement(
            database,
            "SELECT aggregate_id, client_id, destination_id, outcome, assessment_id FROM aggregate WHERE aggregate_id BETWEEN ? AND ?")
        selectBytes = try RawStatement(
            database,
            """
            SELECT coalesce(sum(bytes_received), 0), coalesce(sum(bytes_transferred), 0) FROM aggregate_hour WHERE aggregate_id = ?
            """)
        selectTimes = try RawStatement(
            database,
            """
            SELECT min(hour * \(AggregateRollup.hourMs) + first_ms), max(hour * \(AggregateRollup.hourMs) + last_ms) FROM aggregate_hour
            WHERE aggregate_id = ?
            """)
    }

    /// Adds totals, ascending by aggregate, each aggregate once; the hours they come from must be in `aggregate_hour` already.
    func add(_ totals: [AggregateTotal]) throws {
        var start = 0
        while start < totals.count {
            let number = AggregatePage.number(of: totals[start].aggregate)
            var end = start
            while end < totals.count, AggregatePage.number(of: totals[end].aggregate) == number { end += 1 }
            try add(totals[start..<end], to: number)
            start = end
        }
    }

    private func add(_ totals: ArraySlice<AggregateTotal>, to number: Int64) throws {
        try load(number)
        if totals.contains(where: { page[.client, AggregatePage.place(of: $0.aggregate)] == 0 }) { try readKeys(number) }
        for total in totals {
            let place = AggregatePage.place(of: total.aggregate)
            let isFirst = page[.flows, place] == 0
            page[.flows, place] = page[.flows, place].addingSaturating(total.sum.flows)
            page[.open, place] = page[.open, place].addingSaturating(total.sum.open)
            page[.bytesReceived, place] = page[.bytesReceived, place].changedSum(by: total.sum.receivedChange)
            page[.bytesTransferred, place] = page[.bytesTransferred, place].changedSum(by: total.sum.transferredChange)
            if total.sum.mustBeSummedAnew, page[.bytesReceived, place] == .max || page[.bytesTransferred, place] == .max {
                try sumAnew(total.aggregate)
            }
            page[.firstAt, place] = isFirst ? total.sum.firstAt : min(page[.firstAt, place], total.sum.firstAt)
            page[.lastAt, place] = isFirst ? total.sum.lastAt : max(page[.lastAt, place], total.sum.lastAt)
            guard total.sum.isReduced || page[.flows, place] <= 0 else { continue }
            selectTimes.bind(1, total.aggregate)
            let isKnown = try selectTimes.step() && !selectTimes.isNull(0)
            page[.firstAt, place] = isKnown ? selectTimes.integer(0) : 0
            page[.lastAt, place] = isKnown ? selectTimes.integer(1) : 0
            selectTimes.reset()
        }
        try store(number)
    }

    /// Bytes left a sum that was cut off: it is what its hours come to.
    private func sumAnew(_ aggregate: Int64) throws {
        selectBytes.bind(1, aggregate)
        defer { selectBytes.reset() }
        guard try selectBytes.step() else { return }
        page[.bytesReceived, AggregatePage.place(of: aggregate)] = selectBytes.integer(0)
        page[.bytesTransferred, AggregatePage.place(of: aggregate)] = selectBytes.integer(1)
    }

    private func load(_ number: Int64) throws {
        select.bind(1, number)
        defer { select.reset() }
        guard try select.step() else { return page.removeAll() }
        guard select.withBlob(0, { page.decode($0) }) else { throw AggregatePages.isDamaged(number) }
    }

    /// Aggregates that the page does not know yet.
    private func readKeys(_ number: Int64) throws {
        selectKeys.bind(1, number * Int64(AggregatePage.aggregates))
        selectKeys.bind(2, (number + 1) * Int64(AggregatePage.aggregates) - 1)
        while try selectKeys.step() { setKeys(from: selectKeys) }
        selectKeys.reset()
    }

    /// From columns that begin with the aggregate's number.
    private func setKeys(from statement: RawStatement) {
        let place = AggregatePage.place(of: statement.integer(0))
        page[.client, place] = statement.integer(1)
        page[.destination, place] = statement.integer(2)
        page[.outcome, place] = statement.integer(3)
        page[.assessment, place] = statement.integer(4)
    }

    private func store(_ number: Int64) throws {
        page.encode(into: &bytes)
        write.bind(1, number)
        write.bind(2, blob: bytes)
        try write.run()
    }

    private static func isDamaged(_ number: Int64) -> StoreFailure {
        StoreFailure(.environment, "page \(number) of the table `aggregate_page` is not what was written; ingest into a new database")
    }

    /// Reads page after page.
    static func forEach(_ database: Database, _ body: (AggregatePage) throws -> Void) throws {
        try forEachNumbered(database) { try body($1) }
    }

    /// Reads page after page, each with its number.
    static func forEachNumbered(_ database: Database, _ body: (Int64, AggregatePage) throws -> Void) throws {
        let all = try RawStatement(database, "SELECT page, sums FROM aggregate_page ORDER BY page")
        defer { all.reset() }
        var page = AggregatePage()
        while try all.step() {
            guard all.withBlob(1, { page.decode($0) }) else { throw isDamaged(all.integer(0)) }
            try body(all.integer(0), page)
        }
    }

    /// Every aggregate with its sums as they follow from its hours.
    private static let expected = """
        SELECT aggregate_id, client_id, destination_id, outcome, assessment_id, coalesce(flows, 0), coalesce(open, 0), coalesce(bytes_received, 0),
            coalesce(bytes_transferred, 0), coalesce(first_at, 0), coalesce(last_at, 0)
        FROM aggregate LEFT JOIN (
            SELECT aggregate_id AS sum_of, sum(flows) AS flows, sum(open) AS open, sum(bytes_received) AS bytes_received,
                sum(bytes_transferred) AS bytes_transferred, min(hour * \(AggregateRollup.hourMs) + first_ms) AS first_at,
                max(hour * \(AggregateRollup.hourMs) + last_ms) AS last_at
            FROM aggregate_hour GROUP BY aggregate_id
        ) ON sum_of = aggregate_id
        ORDER BY aggregate_id
        """

    /// Computes all pages anew.
    func rebuild(_ database: Database) throws {
        try database.execute(sql: "DELETE FROM aggregate_page")
        let rows = try RawStatement(database, AggregatePages.expected)
        defer { rows.reset() }
        page.removeAll()
        var number: Int64?
        while try rows.step() {
            let next = AggregatePage.number(of: rows.integer(0))
            if let number, number != next {
                try store(number)
                page.removeAll()
            }
            number = next
            setKeys(from: rows)
            for (index, column) in AggregatePage.sums.enumerated() {
                page[column, AggregatePage.place(of: rows.integer(0))] = rows.integer(Int32(index + 5))
            }
        }
        if let number { try store(number) }
    }

    /// How many aggregates have other keys or sums than follow from the dictionary and the hours. Aggregates that no flow was ever counted under
    /// may be missing.
    static func disagreements(_ database: Database) throws -> Int {
        let rows = try RawStatement(database, expected)
        defer { rows.reset() }
        let pages = try AggregatePages(database)
        var loaded: Int64?
        var count = 0
        while try rows.step() {
            let aggregate = rows.integer(0)
            if loaded != AggregatePage.number(of: aggregate) {
                loaded = AggregatePage.number(of: aggregate)
                try pages.load(AggregatePage.number(of: aggregate))
            }
            let place = AggregatePage.place(of: aggregate)
            let isCounted = rows.integer(5) != 0 || pages.page[.flows, place] != 0
            let keys = AggregatePage.keys.enumerated().allSatisfy { pages.page[$1, place] == rows.integer(Int32($0 + 1)) }
            let sums = AggregatePage.sums.enumerated().allSatisfy { pages.page[$1, place] == rows.integer(Int32($0 + 5)) }
            if !sums || (isCounted && !keys) { count += 1 }
        }
        let most = try Int64.fetchOne(database, sql: "SELECT coalesce(max(aggregate_id), -1) FROM aggregate") ?? -1
        try forEach(database) { page in
            for place in 0..<AggregatePage.aggregates where page[.flows, place] != 0 && page[.client, place] == 0 { count += 1 }
        }
        let beyond = try Int.fetchOne(
            database, sql: "SELECT count(*) FROM aggregate_page WHERE page > ?", arguments: [AggregatePage.number(of: most)])
        return count + (beyond ?? 0)
    }
}

extension AggregatePage {
    static let keys: [Column] = [.client, .destination, .outcome, .assessment]
    static let sums: [Column] = [.flows, .open, .bytesReceived, .bytesTransferred, .firstAt, .lastAt]
}
