import FlowModel
import GRDB
import Testing

@testable import FlowStore
@testable import Ingest

/// Flows in the order of time, by runs and by sorting all of them.
struct TimeOrderTests {
    @Test("by start, then by number, in every period, however many may be held", arguments: 0..<8)
    func ordered(seed: Int) throws {
        var numbers = Numbers(seed: UInt64(seed))
        let store = try Store()
        // Files are runs; their times meet in part, wholly or not at all. Starts fall together.
        for file in 0..<12 {
            let first = SmallEvents.start + (file * [0, 40, 400][seed % 3] + Int.random(in: 0...60, using: &numbers)) * 1_000
            try store.ingest(
                (0..<20).map { index in
                    let at = first + Int.random(in: 0...30, using: &numbers) * 1_000
                    return """
                        {"event_type":"established_connection","timestamp":\(at),"connection":{"id":"\(file)-\(index)","protocol":"tcp"},\
                        "user":{"id":"1"},"connector":{"id":"1"},"resource":{"address":"r\(index % 3).example"}}
                        """
                })
        }
        try AuditDatabase(path: store.path, mode: .readOnly).read { connection in
            let all = try Row.fetchAll(connection, sql: "SELECT started_at, flow_id FROM flow ORDER BY 1, 2").map {
                [$0[0] as Int64, $0[1]]
            }
            #expect(all.count == 240)
            for _ in 0..<6 {
                let bounds = (0..<2).map { _ in all[Int.random(in: 0..<all.count, using: &numbers)][0] }.sorted()
                for (since, until) in [(bounds[0], bounds[1]), (.min, bounds[1]), (bounds[0], .max), (.min, .max)] {
                    let wanted = all.filter { $0[0] >= since && $0[0] < until }
                    for held in [0, 45, 1_000] {
                        var seen: [[Int64]] = []
                        try FlowScan(connection, maxHeld: held).forEach(
                            order: .time, since: Timestamp(milliseconds: since), until: Timestamp(milliseconds: until)
                        ) { seen.append([$0.startedAt.milliseconds, $0.flowID]) }
                        #expect(seen == wanted)
                    }
                }
            }
        }
    }
}
