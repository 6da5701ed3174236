internal import GRDB

/// What flows add to an edge.
struct EdgeTotal {
    var edge: Int64
    var sum = EdgeRollup.Sum()
}

/// Reads and writes the table `edge_page`: the sums of every edge over all time, so close together that a question about everything reads
/// a few thousand rows where there are a million edges.
final class EdgePages {
    private let select: RawStatement
    private let write: RawStatement
    private let selectKeys: RawStatement
    private let selectTimes: RawStatement
    private let selectBytes: RawStatement
    private var page = EdgePage()
    private var bytes: [UInt8] = []

    init(_ database: Database) throws {
        select = try RawStatement(database, "SELECT sums FROM edge_page WHERE page = ?")
        write = try RawStatement(database, "INSERT OR REPLACE INTO edge_page (page, sums) VALUES (?, ?)")
        selectKeys = try RawStatement(
            database, "SELECT edge_id, origin_id, target_id, outcome, assessment_id FROM edge WHERE edge_id BETWEEN ? AND ?")
        selectBytes = try RawStatement(
            database,
            """
            SELECT coalesce(sum(bytes_received), 0), coalesce(sum(bytes_transferred), 0) FROM edge_hour WHERE edge_id = ?
            """)
        selectTimes = try RawStatement(
            database,
            """
            SELECT min(hour * \(EdgeRollup.hourMs) + first_ms), max(hour * \(EdgeRollup.hourMs) + last_ms) FROM edge_hour
            WHERE edge_id = ?
            """)
    }

    /// Adds totals, ascending by edge, each edge once; the hours they come from must be in `edge_hour` already.
    func add(_ totals: [EdgeTotal]) throws {
        var start = 0
        while start < totals.count {
            let number = EdgePage.number(of: totals[start].edge)
            var end = start
            while end < totals.count, EdgePage.number(of: totals[end].edge) == number { end += 1 }
            try add(totals[start..<end], to: number)
            start = end
        }
    }

    private func add(_ totals: ArraySlice<EdgeTotal>, to number: Int64) throws {
        try load(number)
        if totals.contains(where: { page[.origin, EdgePage.place(of: $0.edge)] == 0 }) { try readKeys(number) }
        for total in totals {
            let place = EdgePage.place(of: total.edge)
            let isFirst = page[.flows, place] == 0
            page[.flows, place] = page[.flows, place].addingSaturating(total.sum.flows)
            page[.open, place] = page[.open, place].addingSaturating(total.sum.open)
            page[.bytesReceived, place] = page[.bytesReceived, place].changedSum(by: total.sum.receivedChange)
            page[.bytesTransferred, place] = page[.bytesTransferred, place].changedSum(by: total.sum.transferredChange)
            if total.sum.mustBeSummedAnew, page[.bytesReceived, place] == .max || page[.bytesTransferred, place] == .max {
                try sumAnew(total.edge)
            }
            page[.firstAt, place] = isFirst ? total.sum.firstAt : min(page[.firstAt, place], total.sum.firstAt)
            page[.lastAt, place] = isFirst ? total.sum.lastAt : max(page[.lastAt, place], total.sum.lastAt)
            guard total.sum.isReduced || page[.flows, place] <= 0 else { continue }
            selectTimes.bind(1, total.edge)
            let isKnown = try selectTimes.step() && !selectTimes.isNull(0)
            page[.firstAt, place] = isKnown ? selectTimes.integer(0) : 0
            page[.lastAt, place] = isKnown ? selectTimes.integer(1) : 0
            selectTimes.reset()
        }
        try store(number)
    }

    /// Bytes left a sum that was cut off: it is what its hours come to.
    private func sumAnew(_ edge: Int64) throws {
        selectBytes.bind(1, edge)
        defer { selectBytes.reset() }
        guard try selectBytes.step() else { return }
        page[.bytesReceived, EdgePage.place(of: edge)] = selectBytes.integer(0)
        page[.bytesTransferred, EdgePage.place(of: edge)] = selectBytes.integer(1)
    }

    private func load(_ number: Int64) throws {
        select.bind(1, number)
        defer { select.reset() }
        guard try select.step() else { return page.removeAll() }
        guard select.withBlob(0, { page.decode($0) }) else { throw EdgePages.isDamaged(number) }
    }

    /// Edges that the page does not know yet.
    private func readKeys(_ number: Int64) throws {
        selectKeys.bind(1, number * Int64(EdgePage.edges))
        selectKeys.bind(2, (number + 1) * Int64(EdgePage.edges) - 1)
        while try selectKeys.step() { setKeys(from: selectKeys) }
        selectKeys.reset()
    }

    /// From columns that begin with the edge's number.
    private func setKeys(from statement: RawStatement) {
        let place = EdgePage.place(of: statement.integer(0))
        page[.origin, place] = statement.integer(1)
        page[.target, place] = statement.integer(2)
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
        StoreFailure(.environment, "page \(number) of the table `edge_page` is not what was written; ingest into a new database")
    }

    /// Reads page after page.
    static func forEach(_ database: Database, _ body: (EdgePage) throws -> Void) throws {
        try forEachNumbered(database) { try body($1) }
    }

    /// Reads page after page, each with its number.
    static func forEachNumbered(_ database: Database, _ body: (Int64, EdgePage) throws -> Void) throws {
        let all = try RawStatement(database, "SELECT page, sums FROM edge_page ORDER BY page")
        defer { all.reset() }
        var page = EdgePage()
        while try all.step() {
            guard all.withBlob(1, { page.decode($0) }) else { throw isDamaged(all.integer(0)) }
            try body(all.integer(0), page)
        }
    }

    /// Every edge with its sums as they follow from its hours.
    private static let expected = """
        SELECT edge_id, origin_id, target_id, outcome, assessment_id, coalesce(flows, 0), coalesce(open, 0), coalesce(bytes_received, 0),
            coalesce(bytes_transferred, 0), coalesce(first_at, 0), coalesce(last_at, 0)
        FROM edge LEFT JOIN (
            SELECT edge_id AS sum_of, sum(flows) AS flows, sum(open) AS open, sum(bytes_received) AS bytes_received,
                sum(bytes_transferred) AS bytes_transferred, min(hour * \(EdgeRollup.hourMs) + first_ms) AS first_at,
                max(hour * \(EdgeRollup.hourMs) + last_ms) AS last_at
            FROM edge_hour GROUP BY edge_id
        ) ON sum_of = edge_id
        ORDER BY edge_id
        """

    /// Computes all pages anew.
    func rebuild(_ database: Database) throws {
        try database.execute(sql: "DELETE FROM edge_page")
        let rows = try RawStatement(database, EdgePages.expected)
        defer { rows.reset() }
        page.removeAll()
        var number: Int64?
        while try rows.step() {
            let next = EdgePage.number(of: rows.integer(0))
            if let number, number != next {
                try store(number)
                page.removeAll()
            }
            number = next
            setKeys(from: rows)
            for (index, column) in EdgePage.sums.enumerated() {
                page[column, EdgePage.place(of: rows.integer(0))] = rows.integer(Int32(index + 5))
            }
        }
        if let number { try store(number) }
    }

    /// How many edges have other keys or sums than follow from the dictionary and the hours. Edges that no flow was ever counted under
    /// may be missing.
    static func disagreements(_ database: Database) throws -> Int {
        let rows = try RawStatement(database, expected)
        defer { rows.reset() }
        let pages = try EdgePages(database)
        var loaded: Int64?
        var count = 0
        while try rows.step() {
            let edge = rows.integer(0)
            if loaded != EdgePage.number(of: edge) {
                loaded = EdgePage.number(of: edge)
                try pages.load(EdgePage.number(of: edge))
            }
            let place = EdgePage.place(of: edge)
            let isCounted = rows.integer(5) != 0 || pages.page[.flows, place] != 0
            let keys = EdgePage.keys.enumerated().allSatisfy { pages.page[$1, place] == rows.integer(Int32($0 + 1)) }
            let sums = EdgePage.sums.enumerated().allSatisfy { pages.page[$1, place] == rows.integer(Int32($0 + 5)) }
            if !sums || (isCounted && !keys) { count += 1 }
        }
        let most = try Int64.fetchOne(database, sql: "SELECT coalesce(max(edge_id), -1) FROM edge") ?? -1
        try forEach(database) { page in
            for place in 0..<EdgePage.edges where page[.flows, place] != 0 && page[.origin, place] == 0 { count += 1 }
        }
        let beyond = try Int.fetchOne(
            database, sql: "SELECT count(*) FROM edge_page WHERE page > ?", arguments: [EdgePage.number(of: most)])
        return count + (beyond ?? 0)
    }
}

extension EdgePage {
    static let keys: [Column] = [.origin, .target, .outcome, .assessment]
    static let sums: [Column] = [.flows, .open, .bytesReceived, .bytesTransferred, .firstAt, .lastAt]
}
