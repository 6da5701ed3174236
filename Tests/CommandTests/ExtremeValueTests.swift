import Foundation
import Testing

/// Numbers at the ends of what a record can say, in every field that has one, before every question: no command gives up, and no total
/// lies.
struct ExtremeValueTests {
    private static let numbers = [
        "0", "1", "-1", "9007199254740991", "9007199254740992", "9007199254740993", "4611686018427387904", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "1e300", "-1e300", "1.5",
        "8640000000000000",
        "8640000000000001", "253402300799999", "253402300800000", "-62135596800000", "-62135596800001", "3600000", "-3600001",
    ]

    private static func event(_ index: Int, _ type: String, at: String, _ connection: String) -> String {
        """
        {"event_type":"\(type)","timestamp":\(at),"connection":{"id":"x\(index)","protocol":"tcp","client_ip":"203.0.113.1",\
        "resource_ip":"10.0.0.1"\(connection)},"user":{"id":"\(index % 3)","email":"u\(index % 3)@x.example"},"device":{"id":"7"},\
        "connector":{"id":"1","name":"heron"},"remote_network":{"id":"9","name":"Depot"},\
        "resource":{"id":"50","address":"wiki.example","applied_rule":"wiki.example"},"relays":[]}

        """
    }

    /// Every number in every field; and connections that begin usually and end with such numbers.
    private static var lines: String {
        let usual = "1789344000000"
        var text = ""
        var index = 0
        for number in numbers {
            for (at, fields) in [
                (number, #","resource_port":443,"rx":5,"tx":5,"duration":1000"#),
                (usual, #","resource_port":443,"rx":\#(number),"tx":5,"duration":1000"#),
                (usual, #","resource_port":443,"rx":5,"tx":\#(number),"duration":1000"#),
                (usual, #","resource_port":443,"rx":5,"tx":5,"duration":\#(number)"#),
                (usual, #","resource_port":\#(number),"rx":5,"tx":5"#),
                (number, #","resource_port":443,"rx":\#(number),"tx":\#(number),"duration":\#(number)"#),
            ] {
                index += 1
                text += event(index, "closed_connection", at: at, fields)
                index += 1
                text += event(index, "established_connection", at: usual, #","resource_port":443"#)
                text += event(index, "closed_connection", at: at, fields)
            }
            index += 1
            text += event(index, "denied_access", at: number, #","resource_port":443"#)
            index += 1
            text += event(index, "failed_to_connect", at: number, #","resource_port":443"#)
        }
        return text
    }

    private static let questions = [
        [
            "access", "--by",
            "user,user-id,group,resource,address,connector,connector-id,network,network-id,device,client-ip,port,verdict,reason,outcome,hour,day",
        ],
        ["access", "--by", "day"], ["access", "--by", "hour"], ["access", "--by", "group"],
        ["access", "--group", "Staff", "--since", "2026-09-14T00:00:00.001Z"], ["access", "--until", "1970-01-01T00:00:00.5Z"],
        ["timeline"], ["timeline", "--gap", "100000"], ["timeline", "--gap", "0", "--since", "2026-09-14T00:30:00Z"],
        ["trace", "session:1"],
        ["trace", "x1"], ["detect"], ["report", "--format", "md,json,csv,html"], ["report", "--period", "2026-09", "--format", "json"],
        ["replay"], ["db", "info"], ["db", "dump"], ["db", "dump", "--facts"],
        ["query", "sql", "SELECT * FROM session"], ["query", "sql", "SELECT sum(bytes_received), sum(bytes_transferred) FROM flow"],
    ]

    @Test("no command gives up, and no total is negative")
    func everything() throws {
        let folder = try Folder()
        try folder.write(
            "policy/p.yaml",
            """
            format: access-policy/1
            effectiveAt: 2026-09-14T00:00:00.500Z
            networks: [{id: "9", name: Depot}]
            connectors: [{id: "1", name: heron, network: "9"}]
            users: [{id: "1", email: u1@x.example}, {id: "2", email: u2@x.example}]
            groups: [{id: "31", name: Staff, members: ["1"]}]
            resources: [{id: "50", name: Wiki, address: wiki.example, network: "9", access: [{group: "31"}]}]
            """)
        try folder.write("log", ExtremeValueTests.lines)
        let ingest = try Program.audit("ingest", "--policy", "policy", "log", in: folder)
        #expect([0, 3].contains(ingest.status) && !ingest.errors.contains("Fatal error"), "\(ingest.errors)")
        let check = try Program.audit("db", "check", in: folder)
        #expect(check.status == 0, "\(check.errors)")
        let list = try Program.audit("query", "list", "--format", "csv", in: folder)
        let names = list.output.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != "," }) }
        #expect(names.count > 12)
        let asked = names.map { name in
            let required = ["who-reached": "resource=Wiki", "who-could-reach": "resource=Wiki", "what-reached": "user=1"][name]
            return ["query", "run", name] + (required.map { ["--param", $0] } ?? [])
        }
        for question in ExtremeValueTests.questions + asked {
            let outcome = try Program(name: "twin-audit").run(question, in: folder)
            #expect([0, 1, 6].contains(outcome.status), "\(question): \(outcome.status) \(outcome.errors.suffix(300))")
            for word in ["Fatal error", "overflow", "failed"] {
                #expect(!outcome.errors.contains(word), "\(question): \(outcome.errors.suffix(300))")
            }
        }
        for sql in [
            "SELECT count(*) FROM access WHERE flows < 0 OR open < 0 OR bytes_received < 0 OR bytes_transferred < 0",
            "SELECT count(*) FROM access WHERE typeof(bytes_received) || typeof(hour_at) || typeof(first_at) LIKE '%real%'",
            "SELECT count(*) FROM flow WHERE typeof(ended_at) = 'real' OR bytes_received < 0 OR bytes_transferred < 0",
            "SELECT count(*) FROM session WHERE bytes_received < 0 OR typeof(ended_at) <> 'integer'",
            "SELECT (SELECT sum(flows) FROM access) <> (SELECT count(*) FROM flow)",
        ] {
            let outcome = try Program.audit("query", "sql", sql, "--format", "csv", in: folder)
            #expect(outcome.output.split(separator: "\n").last == "0", "\(sql): \(outcome.output) \(outcome.errors)")
        }
    }
}
