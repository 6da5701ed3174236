import Foundation
import Testing

struct TwoSourcesTests {
    private static let header =
        "start_time,end_time,user,user_id,device_id,client_ip,connector,connector_id,resource_ip,resource_port,resource_domain,resource_id,protocol,status,bytes_transferred,bytes_received,remote_network,remote_network_id,applied_rule,relays,relay_ips,relay_ports"

    private static func row(_ second: Int, host: String, received: Int) -> String {
        "2026-10-08 06:00:0\(second).00 UTC,2026-10-08 06:00:0\(second + 1).00 UTC,ana@acme.example,1,2,203.0.113.9,swift-otter,5,10.0.0.1,443,\(host),7,tcp,NORMAL,10,\(received),office,3,\(host),,,"
    }

    private static func event(_ second: Int, host: String, received: Int) -> String {
        let start = 1_791_439_200_000 + second * 1_000
        return
            #"{"event_type":"closed_connection","timestamp":\#(start + 1_000),"connection":{"id":"e755ba99988db558-\#(second)","protocol":"tcp","client_ip":"203.0.113.9","resource_ip":"10.0.0.1","resource_port":443,"tx":10,"rx":\#(received),"duration_ms":1000},"user":{"id":"1","email":"ana@acme.example"},"device":{"id":"2"},"resource":{"id":"7","address":"\#(host)","applied_rule":"\#(host)"},"remote_network":{"id":"3","name":"office"},"connector":{"id":"5","name":"swift-otter"},"relays":[]}"#
    }

    @Test("a report and a Connector's log of the same connections are put side by side")
    func sideBySide() throws {
        let folder = try Folder()
        let rows = [
            TwoSourcesTests.row(0, host: "a.example", received: 5), TwoSourcesTests.row(2, host: "b.example", received: 6),
            TwoSourcesTests.row(6, host: "c.example", received: 7), TwoSourcesTests.row(8, host: "e.example", received: 9),
        ]
        try folder.write("report.csv", ([TwoSourcesTests.header] + rows).joined(separator: "\n") + "\n")
        let events = [
            TwoSourcesTests.event(0, host: "a.example", received: 5), TwoSourcesTests.event(2, host: "b.example", received: 66),
            TwoSourcesTests.event(4, host: "d.example", received: 8), TwoSourcesTests.event(8, host: "e.example", received: 9),
        ]
        try folder.write("log.ndjson", events.joined(separator: "\n") + "\n")
        let ingest = try Program.audit("ingest", "report.csv", "log.ndjson", in: folder)
        #expect(ingest.status == 0, "\(ingest.errors)")
        let answer = try Program.audit("query", "run", "two-sources", "--since", "2026-10-01", "--format", "csv", in: folder)
        #expect(answer.status == 0, "\(answer.errors)")
        let found = answer.output.split(separator: "\n").dropFirst().map { line in
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            return "\(cells[0]) \(cells[1]) \(cells[4])"
        }
        #expect(
            found == [
                "same  a.example", "conflict bytes_received b.example", "connector only  d.example", "report only  c.example",
                "same  e.example",
            ])
    }

    @Test("a flow of two sources is counted once, whichever came first, and trace names both and what they disagree on")
    func recognised() throws {
        let folder = try Folder()
        let rows = [TwoSourcesTests.row(0, host: "a.example", received: 5), TwoSourcesTests.row(2, host: "b.example", received: 6)]
        try folder.write("report.csv", ([TwoSourcesTests.header] + rows).joined(separator: "\n") + "\n")
        let events = [TwoSourcesTests.event(0, host: "a.example", received: 5), TwoSourcesTests.event(2, host: "b.example", received: 66)]
        try folder.write("log.ndjson", events.joined(separator: "\n") + "\n")
        var dumps: [String] = []
        for (number, order) in [["report.csv", "log.ndjson"], ["log.ndjson", "report.csv"]].enumerated() {
            let database = "\(number).db"
            var said = ""
            for file in order {
                let ingest = try Program.audit("ingest", file, "--db", database, in: folder)
                #expect(ingest.status == 0, "\(ingest.errors)")
                said += ingest.errors
            }
            #expect(
                said.contains(
                    "sources: 2 records without connection id recognised as flows of a Connector's own record, 1 of them in conflict with it"
                ))
            #expect(try Program.audit("db", "check", "--db", database, in: folder).status == 0)
            dumps.append(try Program.audit("db", "dump", "--facts", "--db", database, in: folder).output)
            let access = try Program.audit("access", "--by", "address", "--format", "csv", "--db", database, in: folder)
            #expect(access.output.split(separator: "\n").dropFirst().map { $0.prefix(11) } == ["a.example,1", "b.example,1"])
        }
        #expect(dumps[0] == dumps[1])
        #expect(dumps[0].contains("\"relation\":\"conflict\""))
        let trace = try Program.audit("trace", "e755ba99988db558-2", "--format", "csv", "--db", "0.db", in: folder).output
        for line in [
            "other source,file,report.csv", "other source,line,3", "other source,relation,conflict",
            "conflict: Connector,bytes_received,66", "conflict: other source,bytes_received,6",
        ] {
            #expect(trace.contains(line), "\(line)")
        }
        // The number of the report's row leads to the flow.
        #expect(try Program.audit("trace", "2", "--format", "csv", "--db", "0.db", in: folder).output == trace)
    }
}
