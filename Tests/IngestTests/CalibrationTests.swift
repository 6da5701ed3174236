import FlowModel
import FlowStore
import Foundation
import Ingest
import Testing

struct CalibrationTests {
    static func line(_ type: String, id: Int, at: Int, connector: Int = 1, duration: Int? = nil) -> String {
        let more = duration.map { #","duration":\#($0)"# } ?? ""
        return """
            {"event_type":"\(type)","timestamp":\(at),"connection":{"id":"x\(id)","protocol":"tcp"\(more)},\
            "user":{"id":"1","email":"a@b.example"},"connector":{"id":"\(connector)"},"resource":{"address":"h.example"}}
            """
    }

    @Test("a pair of one Connector tells its unit; an orphan then gets its start", arguments: [(1, false), (1_000, true)])
    func pairs(factor: Int, isMicroseconds: Bool) throws {
        let store = try Store()
        let begin = SmallEvents.start
        try store.ingest([CalibrationTests.line("closed_connection", id: 1, at: begin + 90_000, duration: 60_000 * factor)])
        #expect(try store.number("SELECT start_is_unknown FROM flow") == 1)
        let report = try store.ingest([
            CalibrationTests.line("established_connection", id: 2, at: begin),
            CalibrationTests.line("closed_connection", id: 2, at: begin + 30_000, duration: 30_000 * factor),
        ])
        #expect(report.unknownStarts == 0)
        #expect(try store.number("SELECT started_at FROM flow WHERE connection_id = 'x1'") == Int64(begin + 30_000))
        #expect(try store.number("SELECT start_is_inferred FROM flow WHERE connection_id = 'x1'") == 1)
        #expect(try store.number("SELECT \(isMicroseconds ? "microseconds" : "milliseconds") FROM duration_calibration") == 1)
        #expect(try store.problems() == [])
    }

    @Test("another Connector's pairs, short connections and contradictions tell nothing")
    func nothingIsGuessed() throws {
        let store = try Store()
        let begin = SmallEvents.start
        let report = try store.ingest([
            CalibrationTests.line("closed_connection", id: 1, at: begin + 90_000, duration: 60_000),
            // Fits both readings.
            CalibrationTests.line("established_connection", id: 2, at: begin),
            CalibrationTests.line("closed_connection", id: 2, at: begin + 100, duration: 100),
            // Another Connector.
            CalibrationTests.line("established_connection", id: 3, at: begin, connector: 2),
            CalibrationTests.line("closed_connection", id: 3, at: begin + 30_000, connector: 2, duration: 30_000),
            // One pair for each unit.
            CalibrationTests.line("established_connection", id: 4, at: begin),
            CalibrationTests.line("closed_connection", id: 4, at: begin + 30_000, duration: 30_000),
            CalibrationTests.line("established_connection", id: 5, at: begin),
            CalibrationTests.line("closed_connection", id: 5, at: begin + 30_000, duration: 30_000_000),
        ])
        #expect(report.unknownStarts == 1)
        #expect(try store.number("SELECT start_is_unknown FROM flow WHERE connection_id = 'x1'") == 1)
        #expect(try store.number("SELECT started_at FROM flow WHERE connection_id = 'x1'") == Int64(begin + 90_000))
    }

    @Test("a stated unit is taken at its word")
    func stated() throws {
        let store = try Store()
        var options = Ingest.Options()
        options.durationUnit = .microseconds
        try store.ingest(
            [CalibrationTests.line("closed_connection", id: 1, at: SmallEvents.start, duration: 5_000_000)], options: options)
        #expect(try store.number("SELECT started_at FROM flow") == Int64(SmallEvents.start - 5_000))
    }

    @Test("what is believed of a unit follows from all that is there, in whatever order it came", arguments: 0..<300)
    func anyOrder(seed: Int) throws {
        guard seed % 30 == 0 || ProcessInfo.processInfo.environment["TWIN_THOROUGH"] != nil else { return }
        var numbers = Numbers(seed: UInt64(seed) + 500)
        let begin = SmallEvents.start
        var lines: [String] = []
        var pairs = [0, 0]
        let isMixed = Bool.random(using: &numbers)
        // Pairs of a usual unit and, in some tenants, a few of the other one: more than one in twenty of them and nothing is believed.
        let usual = Int.random(in: 0...1, using: &numbers)
        for id in 0..<Int.random(in: 1...50, using: &numbers) {
            let isOther = isMixed && Int.random(in: 0..<25, using: &numbers) == 0
            let unit = isOther ? 1 - usual : usual
            pairs[unit] += 1
            let length = Int.random(in: 2_000...50_000, using: &numbers)
            lines.append(CalibrationTests.line("established_connection", id: id, at: begin + id * 1_000_000))
            lines.append(
                CalibrationTests.line(
                    "closed_connection", id: id, at: begin + id * 1_000_000 + length, duration: length * (unit == 1 ? 1_000 : 1)))
        }
        let orphans = 3
        for id in 100..<100 + orphans {
            lines.append(CalibrationTests.line("closed_connection", id: id, at: begin + id * 1_000_000, duration: 60_000_123))
        }
        var facts: [[String]] = []
        for attempt in 0..<3 {
            let order = attempt == 0 ? lines : lines.shuffled(using: &numbers)
            let store = try Store()
            let size = attempt == 0 ? lines.count : Int.random(in: 1...lines.count, using: &numbers)
            for start in stride(from: 0, to: lines.count, by: max(size, lines.count / 8)) {
                try store.ingest(Array(order[start..<min(start + max(size, lines.count / 8), lines.count)]))
            }
            facts.append(try store.facts())
            let believed: Int? = pairs[0] > 20 * pairs[1] ? 1 : pairs[1] > 20 * pairs[0] ? 1_000 : nil
            for id in 100..<100 + orphans {
                let expected = begin + id * 1_000_000 - (believed.map { 60_000_123 / $0 } ?? 0)
                #expect(
                    try store.number("SELECT started_at FROM flow WHERE connection_id = 'x\(id)'") == Int64(expected),
                    "\(pairs), attempt \(attempt)")
            }
            #expect(try store.number("SELECT sum(start_is_unknown) FROM flow") == (believed == nil ? Int64(orphans) : 0))
            #expect(try store.number("SELECT sum(milliseconds) FROM duration_calibration") == Int64(pairs[0]))
            #expect(try store.problems() == [])
        }
        #expect(facts[0] == facts[1] && facts[0] == facts[2])
    }
}
