import Foundation
import Testing

/// What a report says of what is not in it: lines that logs lost, and files that were passed over.
struct ReportedLimitsTests {
    private static func event(_ id: Int, at: String = "2026-10-08T06:00:00Z") -> String {
        let time = ISO8601DateFormatter().date(from: at)?.timeIntervalSince1970 ?? 0
        return """
            \(at) gw connector: ANALYTICS {"event_type":"established_connection","timestamp":\(Int(time) * 1_000),\
            "connection":{"id":"c\(id)","protocol":"tcp","resource_port":443},"user":{"id":"1","email":"a@x.example"},\
            "connector":{"id":"4","name":"k"},"resource":{"id":"50","address":"r.x.example"}}\n
            """
    }

    /// The sentences of the section `limits`.
    private static func limits(_ folder: Folder, _ period: String...) throws -> [String] {
        let report = try Program(name: "twin-audit").run(["report", "--format", "json", "--out", "-"] + period, in: folder)
        let root = try JSONSerialization.jsonObject(with: Data(report.output.utf8)) as? [String: Any]
        let sections = root?["sections"] as? [[String: Any]] ?? []
        return sections.first { $0["id"] as? String == "limits" }?["notes"] as? [String] ?? []
    }

    @Test("lines that logs say they lost are counted, for the period and with the times that the lines state")
    func gaps() throws {
        let folder = try Folder()
        try folder.write(
            "a.log",
            ReportedLimitsTests.event(1)
                + "2026-10-08T07:00:00Z gw systemd-journald[300]: Suppressed 312 messages from twingate-connector.service\n"
                + "2026-10-08T09:30:00Z gw rsyslogd: imuxsock begins to drop messages from pid 812 due to rate-limiting\n")
        try folder.write(
            "b.log", ReportedLimitsTests.event(2) + "2026-10-20T07:00:00Z gw rsyslogd: imjournal: 4000 messages lost due to rate-limiting\n"
        )
        #expect(try Program.audit("ingest", "a.log", "b.log", in: folder).status == 0)
        let all =
            "2 logs say 3 times themselves that lines were suppressed or lost between 2026-10-08T07:00:00Z and 2026-10-20T07:00:00Z: "
            + "at least 4,312 lines; 1 times they do not say how many. Connections may be missing from this report; "
            + "`twin-audit query run log-gaps` lists them."
        #expect(try ReportedLimitsTests.limits(folder).filter { $0.contains("lost") } == [all])
        let day =
            "1 logs say 2 times themselves that lines were suppressed or lost between 2026-10-08T07:00:00Z and 2026-10-08T09:30:00Z: "
            + "at least 312 lines; 1 times they do not say how many. Connections may be missing from this report; "
            + "`twin-audit query run log-gaps` lists them."
        #expect(try ReportedLimitsTests.limits(folder, "--period", "2026-10-08").filter { $0.contains("lost") } == [day])
        #expect(try ReportedLimitsTests.limits(folder, "--period", "2026-10-09").filter { $0.contains("lost") } == [])
        let listed = try Program.audit("query", "run", "log-gaps", "--format", "tsv", "--since", "2026-10-20", in: folder)
        #expect(listed.output.split(separator: "\n").count == 2 && listed.output.contains("4000"), "\(listed.output)")
    }

    @Test("files that were passed over are named in the report until they are read")
    func passedOver() throws {
        let folder = try Folder()
        try folder.write("logs/good.log", ReportedLimitsTests.event(1))
        try folder.write("logs/picture", Data([0xff, 0xd8, 0xff, 0xe0] + [UInt8](repeating: 7, count: 400)))
        try folder.write("logs/notes.txt", "nothing of a Connector\n")
        #expect(try Program.audit("ingest", "logs", in: folder).status == 0)
        let sentence: (Int, String) -> String = { count, name in
            "\(count) files were passed over, such as \(name): what they say is not in this report. `twin-audit query run sources` says why."
        }
        #expect(try ReportedLimitsTests.limits(folder).filter { $0.contains("passed over") } == [sentence(2, "logs/notes.txt")])
        let sources = try Program.audit("query", "run", "sources", "--format", "json", in: folder)
        #expect(sources.output.contains("logs/picture") && sources.output.contains("is not a log that is known here"), "\(sources.output)")
        // Its time is not known, so it is of no period and of every one.
        #expect(try ReportedLimitsTests.limits(folder, "--period", "2026-10-08").contains { $0.contains("passed over") })
        try folder.write("logs/notes.txt", ReportedLimitsTests.event(2))
        #expect(try Program.audit("ingest", "logs", in: folder).status == 0)
        #expect(try ReportedLimitsTests.limits(folder).filter { $0.contains("passed over") } == [sentence(1, "logs/picture")])
        _ = try Program.shell("rm logs/picture", in: folder)
        try folder.write("logs/picture", ReportedLimitsTests.event(3))
        #expect(try Program.audit("ingest", "logs", in: folder).status == 0)
        #expect(try ReportedLimitsTests.limits(folder).filter { $0.contains("passed over") } == [])
    }
}
