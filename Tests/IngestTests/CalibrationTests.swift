import FlowModel
import FlowStore
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
}
