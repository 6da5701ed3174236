import FlowModel
import Foundation
import GRDB
import Testing

@testable import FlowStore
@testable import Ingest

/// Sums never wrap, never become negative, and never end a question; one that passed 2^63−1 stays there until it is known again.
struct SaturationTests {
    /// `sum` as this program's connections have it, over some values.
    private static func sum(_ values: [String], _ expression: String = "sum(value)") throws -> [DatabaseValue] {
        let database = try AuditDatabase(path: ":memory:", mode: .create)
        let list = values.map { "(\($0))" }.joined(separator: ",")
        let rows = values.isEmpty ? "SELECT NULL AS value WHERE 0" : "SELECT column1 AS value FROM (VALUES \(list))"
        return try database.read { try DatabaseValue.fetchAll($0, sql: "SELECT \(expression) FROM (\(rows))") }
    }

    @Test("the sum of whole numbers is exact or cut off, that of others as SQLite has it")
    func function() throws {
        let most = Int64.max
        let cases: [([String], DatabaseValue)] = [
            ([], .null), (["NULL"], .null), (["1", "NULL", "2"], 3.databaseValue), (["\(most)", "1"], most.databaseValue),
            (["\(most)", "-5"], most.databaseValue), (["\(most - 1)", "1"], most.databaseValue),
            (["\(most - 1)", "2", "-2"], (most - 1).databaseValue), (["-9223372036854775808", "-1"], Int64.min.databaseValue),
            (["-9223372036854775808", "5"], (Int64.min + 5).databaseValue), (["-1", "1"], 0.databaseValue),
            (["1.5", "2"], 3.5.databaseValue), (["'7'", "1"], 8.databaseValue), (["'x'", "1"], 1.0.databaseValue),
            (["1e308", "1e308"], Double.infinity.databaseValue), (["1e20", "1", "-1e20"], 1.0.databaseValue),
        ]
        for (values, expected) in cases { #expect(try SaturationTests.sum(values) == [expected], "\(values)") }
    }

    @Test("and so over windows that move, against a plain second way", arguments: 0..<20)
    func windows(seed: Int) throws {
        var dice = Numbers(seed: UInt64(seed))
        let values = (0..<30).map { _ -> Int64 in
            let (large, small) = (Int64.max - Int64.random(in: 1...9, using: &dice), Int64.random(in: 0...99, using: &dice))
            return Int.random(in: 0..<4, using: &dice) == 0 ? large : small
        }
        let width = Int.random(in: 0...6, using: &dice)
        let sums = try SaturationTests.sum(
            values.map { String($0) }, "sum(value) OVER (ROWS BETWEEN \(width) PRECEDING AND CURRENT ROW)")
        for place in values.indices {
            var whole: UInt64 = 0
            var isCut = false
            for value in values[max(0, place - width)...place] {
                let (sum, overflow) = whole.addingReportingOverflow(UInt64(value))
                whole = sum
                isCut = isCut || overflow
            }
            #expect(sums[place] == Int64(clamping: isCut ? .max : whole).databaseValue)
        }
    }

    private static let large: Int64 = 1 << 53

    /// Rows of the roll-up as they would follow from flows; the flows are put in by hand, since so many large ones take long to ingest.
    @Test("what is stored is what follows from the flows, also when bytes leave a sum that was cut off", arguments: 0..<12)
    func rollup(seed: Int) throws {
        var dice = Numbers(seed: UInt64(seed))
        let database = try AuditDatabase(path: ":memory:", mode: .create)
        let hour: Int64 = 3_600_000
        // By number: what the row of a flow adds.
        var flows: [Int64: AggregateContribution] = [:]
        try database.write { connection in
            try connection.execute(
                sql: """
                    INSERT INTO aggregate (aggregate_id, client_id, destination_id, outcome, assessment_id) VALUES (1, 1, 1, 3, 0), (2, 1, 2, 3, 0);
                    INSERT INTO flow_run VALUES (1, 100, 0, \(4 * hour));
                    """)
            let rollup = try AggregateRollup(connection)
            func save(_ id: Int64, _ part: AggregateContribution) throws {
                try connection.execute(
                    sql: """
                        INSERT OR REPLACE INTO flow_fact (flow_id, started_at, aggregate_id, resource_ip, route_id, remark_id, state,
                            bytes_received, bytes_transferred, source_id, source_offset, source_line)
                        VALUES (?, ?, ?, 0, 0, 0, 3, ?, ?, 1, 0, 1)
                        """, arguments: [id, part.startedAt, part.aggregate, part.bytesReceived, part.bytesTransferred])
            }
            func bytes() -> Int64 {
                switch Int.random(in: 0..<4, using: &dice) {
                case 0: Int64.max - Int64.random(in: 0...2, using: &dice)
                case 1: Int64.max / 3
                case 2: 0
                default: Int64.random(in: 0...100, using: &dice)
                }
            }
            for _ in 0..<30 {
                for _ in 0..<Int.random(in: 1...6, using: &dice) {
                    let id = Int64.random(in: 1...12, using: &dice)
                    let old = flows[id]
                    let part = AggregateContribution(
                        aggregate: old?.aggregate ?? Int64.random(in: 1...2, using: &dice),
                        isOpen: true, bytesReceived: bytes(), bytesTransferred: bytes(),
                        startedAt: old?.startedAt ?? Int64.random(in: 0...1, using: &dice) * hour + id)
                    if let old { rollup.replace(old, with: part, flowID: id) } else { rollup.add(part, flowID: id) }
                    flows[id] = part
                    try save(id, part)
                }
                try rollup.flush()
                let stored = try Row.fetchAll(
                    connection, sql: "SELECT hour, aggregate_id, flows, bytes_received, bytes_transferred FROM aggregate_hour ORDER BY 1, 2"
                ).map { row in (0..<5).map { row[$0] as Int64 } }
                var expected: [[Int64]: [Int64]] = [:]
                for part in flows.values {
                    var sums = expected[[part.startedAt / hour, part.aggregate]] ?? [0, 0, 0]
                    sums[0] += 1
                    sums[1] = sums[1].addingReportingOverflow(part.bytesReceived).overflow ? .max : sums[1] + part.bytesReceived
                    sums[2] = sums[2].addingReportingOverflow(part.bytesTransferred).overflow ? .max : sums[2] + part.bytesTransferred
                    expected[[part.startedAt / hour, part.aggregate]] = sums
                }
                #expect(stored == expected.map { $0.key + $0.value }.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) })
                #expect(try AggregatePages.disagreements(connection) == 0)
            }
        }
    }

    @Test("hours are whole numbers of hours down to both ends of time")
    func hours() {
        for ms in [Int64.min, .min + 1, -3_600_001, -3_600_000, -1, 0, 1, 3_599_999, 3_600_000, .max] {
            let hour = AggregateRollup.hour(of: ms)
            let rest = ms &- hour &* AggregateRollup.hourMs
            #expect(rest >= 0 && rest < AggregateRollup.hourMs)
        }
    }
}
