import Foundation
import Testing

/// What the commands make of words that do not exist, of names that nobody bears, and of nothing.
struct NothingTests {
    private static let policy = """
        format: access-policy/1
        effectiveAt: 2026-09-14T00:00:00Z
        networks: [{id: "9", name: Depot}]
        connectors: [{id: "1", name: heron, network: "9"}]
        users: [{id: "1", email: ada@x.example}, {id: "2", email: idle@x.example}]
        groups: [{id: "31", name: Staff, members: ["1"]}, {id: "32", name: Empty, members: []}]
        resources: [{id: "50", name: Wiki, address: wiki.example, network: "9", access: [{group: "31"}]}]
        """

    private static func event(at: Int, _ index: Int) -> String {
        """
        {"event_type":"established_connection","timestamp":\(at),"connection":{"id":"c\(index)","protocol":"tcp",\
        "client_ip":"203.0.113.1","resource_ip":"10.0.0.1","resource_port":443},"user":{"id":"1","email":"ada@x.example"},\
        "device":{"id":"71"},"connector":{"id":"1","name":"heron"},"remote_network":{"id":"9","name":"Depot"},\
        "resource":{"id":"50","address":"wiki.example","applied_rule":"wiki.example"},"relays":[]}

        """
    }

    private static func prepared() throws -> Folder {
        let folder = try Folder()
        try folder.write("policy/p.yaml", policy)
        // Two before the first snapshot, one behind it.
        let day = 1_789_344_000_000
        try folder.write("log", event(at: day - 86_400_000, 1) + event(at: day - 80_000_000, 2) + event(at: day + 3_600_000, 3))
        let outcome = try Program.audit("ingest", "--quiet", "--policy", "policy", "log", in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return folder
    }

    @Test("a word that means nothing is a usage error that names the words that mean something")
    func words() throws {
        let folder = try NothingTests.prepared()
        let cases: [([String], String)] = [
            (["access", "--verdict", "over_permitted"], "the nearest is `over-permitted`"),
            (["access", "--verdict", "x*"], "--verdict takes enforced, misrouted"),
            (["timeline", "--verdict", "enforcd"], "the nearest is `enforced`"),
            (["access", "--by", "usr"], "the nearest is `user`"), (["access", "--by", ""], "--by names nothing"),
            (["access", "--format", "jsn"], "json"), (["access", "--limit", "0"], "--limit takes"),
            (["access", "--limit", "-3"], "--limit"), (["timeline", "--gap", "-1"], "--gap"), (["access", "--port", "70000"], "port"),
            (["detect", "--severity", "hihg"], "high"),
            (["detect", "--only", "tunnel.bypas-carried"], "the nearest is `tunnel.bypass-carried`"),
            (["detect", "--param", "nothing=1"], "no selected rule has a parameter `nothing`"),
            (["query", "run", "who-reachd"], "the nearest is `who-reached`"),
            (["query", "run", "who-reached", "--param", "resorce=Wiki"], "has no parameter `resorce`"),
            (["report", "--template", "complience"], "`compliance`"), (["report", "--format", "pdf"], "--format takes"),
            (["trace", "17", "--user", "ada@x.example"], "is no session"),
        ]
        for (arguments, message) in cases {
            let outcome = try Program(name: "twin-audit").run(arguments, in: folder)
            #expect(outcome.status == 2, "\(arguments): \(outcome.errors)")
            #expect(outcome.errors.contains(message), "\(arguments): \(outcome.errors)")
            #expect(outcome.output.isEmpty, "\(arguments)")
        }
    }

    @Test("nothing is an answer only about what is known, and of a time that the records cover")
    func names() throws {
        let folder = try NothingTests.prepared()
        let cases: [([String], Int32, String)] = [
            (["--user", "idle@x.example"], 0, "nothing matches user `idle@x.example`"),
            (["--user", "ada@x.exmple"], 6, "the nearest is `ada@x.example`"),
            (["--user", "nobody*"], 6, "no user `nobody*`"), (["--user", "ada@x.example", "--user", "eve"], 6, "no user `eve`"),
            (["--group", "Empty"], 6, "nobody's group: 2 flows"), (["--group", "Staf"], 6, "the nearest is `Staff`"),
            (["--group", "Empty", "--since", "2026-09-14"], 0, "nothing matches"), (["--resource", "Wikki"], 6, "the nearest is `Wiki`"),
            (["--connector", "herron"], 6, "the nearest is `heron`"), (["--network", "Depo"], 6, "the nearest is `Depot`"),
            (["--device", "72"], 6, "no device `72`"), (["--address", "elsewhere.example"], 0, "nothing matches"),
            (["--client-ip", "203.0.113.9"], 0, "nothing matches"), (["--port", "22"], 0, "nothing matches"),
            (["--verdict", "misrouted"], 0, "nothing matches"), (["--since", "2027-01-01"], 6, "nothing matches"),
            (["--until", "2020-01-01"], 6, "nothing matches"), (["--user", "ADA@x.example", "--device", "71"], 0, ""),
        ]
        for command in ["access", "timeline"] {
            for (filters, status, message) in cases {
                let outcome = try Program(name: "twin-audit").run([command, "--format", "csv"] + filters, in: folder)
                #expect(outcome.status == status, "\(command) \(filters): \(outcome.errors)")
                #expect(
                    message.isEmpty ? outcome.errors.isEmpty : outcome.errors.contains(message), "\(command) \(filters): \(outcome.errors)")
            }
        }
        let queries: [([String], Int32)] = [
            (["what-reached", "--param", "user=idle@x.example"], 0), (["what-reached", "--param", "user=eve"], 6),
            (["who-reached", "--param", "resource=wiki.example"], 0), (["who-reached", "--param", "resource=wki"], 6),
            (["denied"], 0), (["denied", "--since", "2027-01-01"], 6),
        ]
        for (arguments, status) in queries {
            let outcome = try Program(name: "twin-audit").run(["query", "run"] + arguments, in: folder)
            #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        }
    }

    @Test("a database without flows decides nothing")
    func empty() throws {
        let folder = try Folder()
        try folder.write("policy/p.yaml", NothingTests.policy)
        _ = try Program.audit("ingest", "--quiet", "--policy", "policy", in: folder)
        for arguments in [
            ["access"], ["timeline"], ["access", "--user", "eve"], ["query", "run", "denied"], ["detect"], ["report"], ["replay"],
        ] {
            let outcome = try Program(name: "twin-audit").run(arguments, in: folder)
            #expect(outcome.status == 6, "\(arguments): \(outcome.errors)")
        }
    }

    @Test("a damaged page of sums is damage, not tampering, and hides no other check")
    func damage() throws {
        let folder = try NothingTests.prepared()
        let damage =
            "UPDATE aggregate_page SET sums = x'00'; UPDATE aggregate_hour SET flows = 9 WHERE hour = (SELECT min(hour) FROM aggregate_hour)"
        let broken = try Program.shell("sqlite3 audit.db \"\(damage)\"", in: folder)
        #expect(broken.status == 0)
        let check = try Program.audit("db", "check", in: folder)
        #expect(check.status == 4)
        #expect(check.errors.contains("could not be checked: the sums of the roll-up: page 0"), "\(check.errors)")
        #expect(check.errors.contains("1 hours of the roll-up disagree with the flows"))
        #expect(try Program.audit("access", in: folder).status == 4)
    }
}
