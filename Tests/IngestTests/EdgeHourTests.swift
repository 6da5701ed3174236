import FlowModel
import GRDB
import Testing

@testable import FlowStore
@testable import Ingest

struct EdgeHourTests {
    @Test("rows of hours are what their flows add up to, in many hours, from the first edge to the last", arguments: 0..<20)
    func sums(seed: Int) throws {
        var dice = Numbers(seed: UInt64(seed))
        let hour: Int64 = 3_600_000
        let hours: [Int64] = [-900_000, -1, 0, 262_967, 262_968, 490_000, 490_001, 1_139_000]
        let edges: [Int64] = [1, 2, 255, 256, 1 << 20, (1 << 28) - 1]
        try AuditDatabase(path: ":memory:", mode: .create).write { connection in
            let rollup = try EdgeRollup(connection)
            var expected: [[Int64]: [Int64]] = [:]
            for flow in 1...400 as ClosedRange<Int64> {
                let (at, edge) = (hours.randomElement(using: &dice) ?? 0, edges.randomElement(using: &dice) ?? 1)
                let ms = Int64.random(in: 0..<hour, using: &dice)
                let part = EdgeContribution(
                    edge: edge, isOpen: Bool.random(using: &dice), bytesReceived: Int64.random(in: 0...1_000, using: &dice),
                    bytesTransferred: Int64.random(in: 0...1_000, using: &dice), startedAt: at * hour + ms)
                rollup.add(part, flowID: flow)
                let old = expected[[at, edge]] ?? [0, 0, 0, 0, ms, ms, flow, flow]
                expected[[at, edge]] = [
                    old[0] + 1, old[1] + (part.isOpen ? 1 : 0), old[2] + part.bytesReceived, old[3] + part.bytesTransferred,
                    min(old[4], ms), max(old[5], ms), min(old[6], flow), max(old[7], flow),
                ]
                if Int.random(in: 0..<90, using: &dice) == 0 { try rollup.flush() }
            }
            try rollup.flush()
            let rows = try Row.fetchAll(connection, sql: "SELECT \(EdgeRollup.hourColumns) FROM edge_hour ORDER BY slot").map { row in
                (0..<10).map { row[$0] as Int64 }
            }
            #expect(rows == expected.map { $0.key + $0.value }.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) })
            // What questions read of some hours is what lies between their slots.
            for (first, behind) in [(Int64.min, Int64.max), (-1, 262_968), (490_001, 490_001), (490_000, .max), (.min, 0)] {
                let found = try Int64.fetchAll(
                    connection, sql: "SELECT hour FROM edge_hour WHERE slot >= ? AND slot < ? ORDER BY slot",
                    arguments: [EdgeRollup.slot(hour: first), EdgeRollup.slot(hour: behind)])
                #expect(found == rows.map { $0[0] }.filter { $0 >= first && $0 < behind })
            }
        }
    }

    @Test("an edge that has no room in a slot ends the run, and is counted nowhere")
    func noRoom() throws {
        try AuditDatabase(path: ":memory:", mode: .create).write { connection in
            for edge in [1 << 28, -1, Int64.max] {
                let rollup = try EdgeRollup(connection)
                rollup.add(
                    EdgeContribution(edge: edge, isOpen: false, bytesReceived: 0, bytesTransferred: 0, startedAt: 0), flowID: 1)
                #expect(throws: StoreFailure.self) { try rollup.flush() }
            }
            #expect(try Int.fetchOne(connection, sql: "SELECT count(*) FROM edge_hour") == 0)
        }
    }
}
