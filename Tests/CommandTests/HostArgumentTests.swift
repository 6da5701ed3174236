import Foundation
import Testing

/// A host is the same in the questions of the library, whatever way it is written in the record and on the command line.
struct HostArgumentTests {
    private static func log(_ addresses: [String]) -> String {
        addresses.enumerated().map { index, address in
            """
            {"event_type":"established_connection","timestamp":\(1_789_344_000_000 + index),"connection":{"id":"c\(index)","protocol":"tcp",\
            "resource_port":443},"user":{"id":"\(index)","email":"u\(index)@x.example"},"connector":{"id":"4","name":"k"},\
            "resource":{"address":"\(address)"}}\n
            """
        }.joined()
    }

    private static let hosts = [
        ["wiki.example", "Wiki.Example.", "WIKI.EXAMPLE"], ["straße.example", "xn--strae-oqa.example", "STRAßE.example."],
        ["2001:db8::7", "[2001:DB8::7]", "2001:db8:0:0::7"], ["10.0.0.9", "::ffff:10.0.0.9", "10.0.0.9."],
        ["fe80::1", "fe80::1%eth0", "[FE80::1%wlan0]"],
    ]

    @Test("every spelling in the record is found by every spelling in the question", arguments: 0..<3)
    func spellings(stored: Int) throws {
        let folder = try Folder()
        try folder.write("log", HostArgumentTests.log(HostArgumentTests.hosts.map { $0[stored] }))
        #expect(try Program.audit("ingest", "log", in: folder).status == 0)
        for (index, spellings) in HostArgumentTests.hosts.enumerated() {
            for asked in spellings {
                let outcome = try Program.audit(
                    "query", "run", "who-reached", "--param", "resource=\(asked)", "--format", "tsv", in: folder)
                let rows = outcome.output.split(separator: "\n").dropFirst()
                #expect(
                    rows.count == 1 && rows.first?.contains("u\(index)@x.example") == true, "\(asked): \(outcome.output)\(outcome.errors)")
                #expect(!outcome.errors.contains("warning"), "\(outcome.errors)")
                let filtered = try Program.audit("access", "--address", asked, "--by", "user", "--format", "tsv", in: folder)
                #expect(filtered.output.split(separator: "\n").count == 2, "\(asked): \(filtered.output)")
            }
        }
        let other = try Program.audit("query", "run", "who-reached", "--param", "resource=fe80::2%eth0", in: folder)
        #expect(other.status == 6 && other.errors.contains("no resource `fe80::2` is known here"), "\(other.errors)")
    }

    @Test("a host that records write in several ways is told of")
    func several() throws {
        let folder = try Folder()
        try folder.write("log", HostArgumentTests.log(["Wiki.Example.", "wiki.example", "other.example"]))
        #expect(try Program.audit("ingest", "log", in: folder).status == 0)
        let outcome = try Program.audit("query", "run", "who-reached", "--param", "resource=wiki.example", "--format", "tsv", in: folder)
        #expect(outcome.output.split(separator: "\n").count == 2)
        #expect(
            outcome.errors.contains(
                "records write `wiki.example` in 2 ways, `Wiki.Example.`, `wiki.example`, and the question is asked of `wiki.example` alone"
            ),
            "\(outcome.errors)")
        // A user is no host.
        let user = try Program.audit("query", "run", "what-reached", "--param", "user=u2@x.example", "--format", "tsv", in: folder)
        #expect(user.output.split(separator: "\n").count == 2 && user.errors.isEmpty)
    }
}
