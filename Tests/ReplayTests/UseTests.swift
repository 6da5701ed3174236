import AccessPolicy
import FlowModel
import FlowStore
import PolicyDocuments
import Replay
import Testing

/// What a period used of a policy, and a narrower policy made of it.
struct UseTests {
    private static let resources = """
          - {id: "401", name: Hosts, address: "*.x.example", network: "1", protocols: {tcp: [22, 80, 443]}, access: [{group: "201"}, {group: "202"}]}
          - {id: "402", name: Wiki, address: wiki.x.example, network: "1", access: [{group: "201"}]}
          - {id: "403", name: Racks, address: 10.3.0.0/16, network: "1", protocols: {tcp: [8000-8003], udp: all, icmp: true}, access: [{group: "201"}]}
          - {id: "404", name: Cellar, address: 10.4.0.1, network: "1", access: [{group: "202"}]}
          - {id: "405", name: Mail, address: mail.saas.example, network: "1", routing: bypass, access: [{group: "202"}]}
          - {id: "406", name: Racks of old, address: 10.3.7.0/24, network: "1", protocols: {tcp: [22]}, access: [{group: "202"}]}
        """

    private static func visit(_ user: String, _ to: String, _ port: Int, _ resource: String, _ outcome: String = "allowed", day: Int = 2)
        -> Recording.Flow
    {
        .init(user: user, to: to, port: port, resource: resource, outcome: outcome, start: "2026-03-0\(day)T08:00:00Z")
    }

    private static let flows = [
        visit("101", "git.x.example", 22, "401"), visit("102", "GIT.x.example.", 443, "401", day: 3),
        visit("101", "ci.x.example", 443, "401"),
        visit("101", "wiki.x.example", 443, "402"), visit("101", "10.3.1.1", 8001, "403"), visit("102", "10.3.1.2", 8003, "403", "failed"),
        visit("103", "10.9.9.9", 443, "", "denied"),
    ]

    private static let policy = Office.policy(at: "2026-03-01T00:00:00Z", version: 1, resources: resources)

    private func survey(_ flows: [Recording.Flow] = flows, _ body: (UseReport, PolicyHistory, AuditDatabase) throws -> Void) throws {
        try Recording(policies: [Self.policy], flows: flows).replay { history, database in
            try body(try UseSurvey(.policy(history.policies[0])).run(database), history, database)
        }
    }

    @Test("which Resources and grants were exercised, and which never")
    func coverage() throws {
        try survey { report, _, _ in
            #expect(report.flows == 7 && report.denied == 1 && report.undecided == 0)
            let rows = PolicyCoverage(report).rows.map { row in
                "\(row.resource.id) \(row.subject?.id ?? "-") \(row.flows) \(row.principals) \(row.lastSeen?.rfc3339 ?? "never")"
            }
            #expect(
                rows == [
                    "401 - 3 2 2026-03-03T08:00:00Z", "401 201 3 2 2026-03-03T08:00:00Z", "401 202 0 0 never",
                    "402 - 1 1 2026-03-02T08:00:00Z", "402 201 1 1 2026-03-02T08:00:00Z", "403 - 2 2 2026-03-02T08:00:00Z",
                    "403 201 2 2 2026-03-02T08:00:00Z", "404 - 0 0 never", "404 202 0 0 never", "406 - 0 0 never", "406 202 0 0 never",
                ])
        }
    }

    @Test("grants, ports, addresses and members without use")
    func unused() throws {
        try survey { report, history, _ in
            let parts = UnusedParts(
                report, of: history.policies[0], history: history, at: try #require(Timestamp("2026-03-04T00:00:00Z")))
            let rows = parts.parts.map { "\($0.kind.rawValue) \($0.resource?.id ?? "-") \($0.subject ?? "-"): \($0.text)" }
            #expect(
                rows == [
                    "grant 401 group Visitors (202): 3 uses by other grants", "ports 401 -: TCP 80",
                    "addresses 401 -: only ci.x.example, git.x.example asked for under *.x.example",
                    "ports 402 -: all TCP but 443; all UDP; ICMP", "ports 403 -: TCP 8000, 8002; all UDP; ICMP",
                    "addresses 403 -: only 10.3.1.1, 10.3.1.2 of 65536 addresses asked for", "resource 404 -: 10.4.0.1",
                    "resource 406 -: 10.3.7.0/24", "members - group Visitors (202): 1 of 1 members: user-103@x.example (103)",
                ])
            #expect(parts.parts.allSatisfy { $0.since == Timestamp("2026-03-01T00:00:00Z") })
        }
    }

    @Test("a suggestion keeps what was used, closes the rest, and the history finds no harm in it")
    func suggestion() throws {
        try survey { _, history, database in
            let time = try #require(Timestamp("2026-04-01T00:00:00Z"))
            let outcome = try SuggestionSearch(policy: history.policies[0], effectiveAt: time).run(database)
            #expect(outcome.restored.isEmpty)
            #expect(outcome.proof.rows.allSatisfy { $0.change == .none } && outcome.proof.neverUsed.isEmpty)
            let rows = outcome.suggestion.snapshot.resources.map { resource in
                let rules = resource.protocols.map { "\($0.tcp) / \($0.udp)\($0.allowsICMP ? " / ICMP" : "")" } ?? "all"
                return "\(resource.id) \(resource.address) \(rules) \(resource.access.map(\.subject.id))"
            }
            #expect(
                rows.sorted() == [
                    // Names under the pattern, each with its own ports and grants.
                    #"401-1 ci.x.example 443 / none ["201"]"#, #"401-2 git.x.example 22, 443 / none ["201"]"#,
                    // It hides the pattern, and so keeps its grant.
                    #"402 wiki.x.example 443 / none ["201"]"#,
                    #"403-1 10.3.1.1 8001 / none ["201"]"#, #"403-2 10.3.1.2 8003 / none ["201"]"#,
                    #"404 10.4.0.1 all []"#,
                    #"405 mail.saas.example all ["202"]"#,
                    #"406 10.3.7.0/24 none / none ["202"]"#,
                ])
            #expect(outcome.suggestion.snapshot.sourceNotes == outcome.suggestion.steps)
            // It is a document like any other.
            let again = try PolicySnapshot.load(Array(outcome.suggestion.snapshot.yaml().utf8), file: "suggestion.yaml")
            #expect(again.canonicalJSON() == outcome.suggestion.snapshot.canonicalJSON())
        }
    }

    @Test("beyond the limits a pattern stays, a block shrinks, and ranges stay")
    func limits() throws {
        try survey { report, history, _ in
            var limits = PolicySuggestion.Limits()
            limits.addresses = 1
            limits.ports = 0
            let time = try #require(Timestamp("2026-04-01T00:00:00Z"))
            let suggestion = PolicySuggestion(for: history.policies[0], uses: report.uses, limits: limits, effectiveAt: time)
            let rows = suggestion.snapshot.resources.filter { ["401", "403"].contains($0.id) }.map { resource in
                "\(resource.id) \(resource.address) \(resource.protocols?.tcp.description ?? "all") \(resource.protocols?.udp.description ?? "all")"
            }
            #expect(rows == ["401 *.x.example 22, 443 none", "403 10.3.1.0/30 8000-8003 none"])
        }
    }

    @Test("a Resource whose narrowing would change other answers stays as it is")
    func restored() throws {
        // The name is dialled by one and resolves elsewhere within the block: taken apart, the block would refuse it.
        let flow = Recording.Flow(
            user: "101", to: "10.3.1.1", port: 8001, resource: "403", ip: "10.3.1.200", start: "2026-03-02T08:00:00Z")
        try survey([flow]) { _, history, database in
            let time = try #require(Timestamp("2026-04-01T00:00:00Z"))
            let outcome = try SuggestionSearch(policy: history.policies[0], effectiveAt: time).run(database)
            #expect(outcome.restored == ["403"])
            #expect(outcome.proof.rows.map(\.change) == [.none])
            #expect(outcome.suggestion.snapshot.resources.contains { $0.id == "403" && $0.address.text == "10.3.0.0/16" })
        }
    }
}
