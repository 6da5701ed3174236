import FlowModel
import FlowStore
import Foundation
import GRDB
import Ingest
import Testing

/// Filters compare hosts by what they mean, however they are written in the record and in the question.
struct HostFilterTests {
    private static func flows(_ address: String, clientIP: String, _ filter: (inout FlowFilter) -> Void) throws -> Int64 {
        let store = try Store()
        try store.ingest([
            """
            {"event_type":"established_connection","timestamp":\(SmallEvents.start),"connection":{"id":"1","protocol":"tcp",\
            "client_ip":"\(clientIP)","resource_port":443},"user":{"id":"1","email":"a@x"},"connector":{"id":"1"},\
            "resource":{"id":"50","address":"\(address)","applied_rule":"\(address)"}}
            """
        ])
        let database = try AuditDatabase(path: store.path, mode: .readOnly)
        var question = AccessQuestion()
        filter(&question.filter)
        question.keys = [.outcome]
        var flows: Int64 = 0
        try question.ask(database) { try $0.forEach { row in if case .integer(let count) = row[1] { flows += count } } }
        return flows
    }

    @Test(
        "spellings of one host are one, of two hosts two",
        arguments: [
            (["wiki.example", "WIKI.Example", "wiki.example.", "Wiki.EXAMPLE."], "viki.example"),
            (["straße.example", "xn--strae-oqa.example", "STRASSE.example".replacingOccurrences(of: "SS", with: "ß")], "strasse.example"),
            (["2001:db8::7", "2001:DB8:0:0::7", "2001:0db8:0000:0000:0000:0000:0000:0007", "[2001:db8::7]"], "2001:db8::8"),
            (["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201"], "192.0.2.2"),
            (["fe80::1", "fe80::1%eth0", "[FE80::1%wlan0]"], "fe80::2%eth0"),
        ])
    func spellings(same: [String], other: String) throws {
        for stored in same {
            for asked in same + [other] {
                let expected: Int64 = asked == other ? 0 : 1
                #expect(
                    try HostFilterTests.flows(stored, clientIP: "203.0.113.1") { $0.addresses = [asked] } == expected, "\(stored) \(asked)")
                #expect(
                    try HostFilterTests.flows(stored, clientIP: "203.0.113.1") { $0.resources = [asked] } == expected, "\(stored) \(asked)")
            }
        }
    }

    @Test("client addresses too", arguments: ["203.0.113.1", "::ffff:203.0.113.1", "::FFFF:CB00:7101", "203.0.113.*"])
    func clients(asked: String) throws {
        for stored in ["203.0.113.1", "::ffff:203.0.113.1"] {
            #expect(try HostFilterTests.flows("h", clientIP: stored) { $0.clientIPs = [asked] } == 1)
            #expect(
                try HostFilterTests.flows("h", clientIP: stored) {
                    $0.clientIPs = [asked, "198.51.100.1"]
                    $0.addresses = ["x'y", "H."]
                } == 1)
            #expect(try HostFilterTests.flows("h", clientIP: "203.1.113.1") { $0.clientIPs = [asked] } == 0)
        }
    }
}
