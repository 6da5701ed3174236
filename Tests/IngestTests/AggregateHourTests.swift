import FlowModel
import GRDB
import Testing

@testable import FlowStore
@testable import Ingest

struct AggregateHourTests {
    @Test("rows of hours are what their flows add up to, in many hours, from the first aggregate to the last", arguments: 0..<20)
    func sums(seed: Int) throws {
        var dice = Numbers(seed: UInt64(seed))
        let hour: Int64 = 3_600_000
        let hours: [Int64] = [-900_000, -1, 0, 262_967, 262_968, 490_000, 490_001, 1_139_000]
        let aggregates: [Int64] = [1, 2, 255, 256, 1 << 20, (1 << 28) - 1]
        try AuditDatabase(path: ":memory:", mode: .create).write { connection in
            let rollup = try AggregateRollup(connection)
            var expected: [[Int64]: [Int64]] = [:]
            for flow in 1...400 as ClosedRange<Int64> {
                let (at, aggregate) = (hours.randomElement(using: &dice) ?? 0, aggregates.randomElement(using: &dice) ?? 1)
                let ms = Int64.random(in: 0..<hour, using: &dice)
                let part = AggregateContribution(
                    aggregate: aggregate, isOpen: Bool.random(using: &dice), bytesReceived: Int64.random(in: 0...1_000, using: &dice),
                    bytesTransferred: Int64.random(in: 0...1_000, using: &dice), startedAt: at * hour + ms)
                rollup.add(part, flowID: flow)
                let old = expected[[at, aggregate]] ?? [0, 0, 0, 0, ms, ms, flow, flow]
                expected[[at, aggregate]] = [
                    old[0] + 1, old[1] + (part.isOpen ? 1 : 0), old[2] + part.bytesReceived, old[3] + part.bytesTransferred,
                    min(old[4], ms), max(old[5], ms), min(old[6], flow), max(old[7], flow),
                ]
                if Int.random(in: 0..<90, using: &dice) == 0 { try rollup.flush() }
            }
            try rollup.flush()
            let rows = try Row.fetchAll(connection, sql: "SELECT \(AggregateRollup.hourColumns) FROM aggregate_hour ORDER BY slot").map {
                row in
                (0..<10).map { row[$0] as Int64 }
            }
            #expect(rows == expected.map { $0.key + $0.value }.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) })
            // What questions read of some hours is what lies between their slots.
            for (first, behind) in [(Int64.min, Int64.max), (-1, 262_968), (490_001, 490_001), (490_000, .max), (.min, 0)] {
                let found = try Int64.fetchAll(
                    connection, sql: "SELECT hour FROM aggregate_hour WHERE slot >= ? AND slot < ? ORDER BY slot",
                    arguments: [AggregateRollup.slot(hour: first), AggregateRollup.slot(hour: behind)])
                #expect(found == rows.map { $0[0] }.filter { $0 >= first && $0 < behind })
            }
        }
    }

    @Test("an aggregate that has no room in a slot ends the run, and is counted nowhere")
    func noRoom() throws {
        try AuditDatabase(path: ":memory:", mode: .create).write { connection in
            for aggregate in [1 << 28, -1, Int64.max] {
                let rollup = try AggregateRollup(connection)
                rollup.add(
                    AggregateContribution(aggregate: aggregate, isOpen: false, bytesReceived: 0, bytesTransferred: 0, startedAt: 0),
                    flowID: 1)
                #expect(throws: StoreFailure.self) { try rollup.flush() }
            }
            for startedAt in [Int64.min, .max, (262_968 + 1 << 35) * 3_600_000] {
                let rollup = try AggregateRollup(connection)
                rollup.add(
                    AggregateContribution(aggregate: 1, isOpen: false, bytesReceived: 0, bytesTransferred: 0, startedAt: startedAt),
                    flowID: 1)
                #expect(throws: StoreFailure.self) { try rollup.flush() }
            }
            for (aggregate, startedAt) in [(1 << 28, 0), (-1, 0), (Int64.max, 0), (1, Int64.max), (1, .min)] as [(Int64, Int64)] {
                try connection.execute(sql: "DELETE FROM flow_fact")
                try connection.execute(
                    sql: """
                        INSERT INTO flow_fact (flow_id, started_at, aggregate_id, resource_ip, route_id, remark_id, state, source_id,
                            source_offset, source_line)
                        VALUES (1, ?, ?, 0, 0, 0, 3, 1, 0, 1)
                        """, arguments: [startedAt, aggregate])
                #expect(throws: StoreFailure.self) { try AggregateRollup.rebuild(connection) }
            }
            #expect(try Int.fetchOne(connection, sql: "SELECT count(*) FROM aggregate_hour") == 0)
        }
    }

    @Test("numbers that no program wrote do not stop the one that reads them")
    func extremes() throws {
        try AuditDatabase(path: ":memory:", mode: .create).write { connection in
            let rollup = try AggregateRollup(connection)
            let wide = AggregateContribution(aggregate: 1, isOpen: true, bytesReceived: .max, bytesTransferred: .max, startedAt: 5)
            let none = AggregateContribution(aggregate: 1, isOpen: false, bytesReceived: .min, bytesTransferred: .min, startedAt: 5)
            for round in 0..<3 {
                for flow in [0, 1, 1 << 62] as [Int64] {
                    rollup.add(wide, flowID: flow)
                    rollup.replace(wide, with: none, flowID: flow)
                    rollup.replace(none, with: wide, flowID: flow)
                }
                try rollup.flush()
                #expect(try Int64.fetchOne(connection, sql: "SELECT bytes_received FROM aggregate_hour") == .max, "\(round)")
            }
            try connection.execute(
                sql: """
                    INSERT INTO aggregate (aggregate_id, client_id, destination_id, outcome, assessment_id) VALUES (1, 1, 1, 3, 1);
                    UPDATE aggregate_hour SET flows = \(Int64.max), open = \(Int64.max);
                    """)
            try AggregatePages(connection).rebuild(connection)
            try AggregatePages(connection).add([
                AggregateTotal(aggregate: 1, sum: AggregateRollup.Sum(flows: 1, open: 1, firstAt: 0, lastAt: 1))
            ])
            var flows: [Int64] = []
            try AggregatePages.forEach(connection) { page in flows.append(page[.flows, AggregatePage.place(of: 1)]) }
            #expect(flows == [.max])
        }
    }

    @Test("a dictionary that has no numbers left says so, and writes nothing")
    func noNumbers() throws {
        for last in [1 << 28 - 1, .max, -5] as [Int64] {
            try AuditDatabase(path: ":memory:", mode: .create).write { connection in
                try connection.execute(
                    sql: "INSERT INTO aggregate (aggregate_id, client_id, destination_id, outcome, assessment_id) VALUES (?, 1, 1, 0, 1)",
                    arguments: [last]
                )
                let aggregates = try TupleDictionary<AggregateKey>(connection)
                #expect(throws: StoreFailure.self) {
                    try aggregates.id(AggregateKey(client: 2, destination: 2, outcome: 0, assessment: 1))
                }
                #expect(try Int.fetchOne(connection, sql: "SELECT count(*) FROM aggregate") == 1)
            }
        }
    }
}
