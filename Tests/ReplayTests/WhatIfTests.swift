import AccessPolicy
import FlowModel
import FlowStore
import Foundation
import PolicyDocuments
import Replay
import Testing

/// What a proposed policy would change for recorded flows.
struct WhatIfTests {
    private static let resources = """
          - {id: "401", name: Wiki, address: wiki.x.example, network: "1", protocols: {tcp: [80, 443]}, access: [{group: "201"}]}
          - {id: "402", name: Lobby, address: lobby.x.example, network: "1", access: [{group: "201"}, {group: "202"}]}
        """

    private static let flows: [Recording.Flow] = [
        .init(user: "101", to: "wiki.x.example", resource: "401", start: "2026-03-01T08:00:00Z"),
        .init(user: "101", to: "wiki.x.example", resource: "401", start: "2026-03-02T08:00:00Z"),
        .init(user: "101", to: "wiki.x.example", port: 80, resource: "401", start: "2026-03-02T09:00:00Z"),
        .init(user: "102", to: "wiki.x.example", resource: "401", start: "2026-03-02T10:00:00Z"),
        .init(user: "103", to: "lobby.x.example", resource: "402", start: "2026-03-02T11:00:00Z"),
        .init(user: "103", to: "wiki.x.example", resource: "401", outcome: "denied", start: "2026-03-02T12:00:00Z"),
    ]

    private func compare(
        _ policies: [String], _ proposal: String, _ flows: [Recording.Flow] = flows, edit: (inout WhatIf) -> Void = { _ in }
    ) throws -> WhatIfReport {
        var report: WhatIfReport?
        let snapshot = try PolicySnapshot.load(Array(proposal.utf8), file: "proposal.yaml")
        try Recording(policies: policies, flows: flows).replay { history, database in
            var whatIf = WhatIf(history: history, proposal: CompiledPolicy(snapshot))
            edit(&whatIf)
            report = try whatIf.run(database)
        }
        return try #require(report)
    }

    private func lines(_ report: WhatIfReport) -> [String] {
        report.rows.map { row in
            "\(row.change.rawValue) \(row.principal?.id ?? "?") \(row.resource?.id ?? row.destination) \(row.flows) flows \(row.days) days "
                + "\(row.refused) refused: \(row.decidedBy)"
        }
    }

    private static let current = Office.policy(at: "2026-03-01T00:00:00Z", version: 1, resources: resources)

    @Test("losses, gains and what stays, for each principal and Resource")
    func rows() throws {
        let proposal = Office.policy(
            at: "2026-04-01T00:00:00Z", version: 2, engineers: ["101", "103"],
            resources: """
                  - {id: "401", name: Wiki, address: wiki.x.example, network: "1", protocols: {tcp: [443]}, access: [{group: "201"}]}
                  - {id: "402", name: Lobby, address: lobby.x.example, network: "1", access: [{group: "201"}, {group: "202"}]}
                """)
        let report = try compare([Self.current], proposal)
        #expect(
            lines(report) == [
                "ACCESS_REVOKED 101 401 1 flows 1 days 0 refused: port-not-allowed: Wiki (401), wiki.x.example",
                "ACCESS_REVOKED 102 401 1 flows 1 days 0 refused: no-grant: Wiki (401), wiki.x.example",
                "ACCESS_GAINED 103 401 1 flows 1 days 1 refused: allowed: Wiki (401), wiki.x.example through group Engineers (201)",
                "NO_CHANGE 101 401 2 flows 2 days 0 refused: allowed: Wiki (401), wiki.x.example through group Engineers (201)",
                "NO_CHANGE 103 402 1 flows 1 days 0 refused: allowed: Lobby (402), lobby.x.example through group Engineers (201), group Visitors (202)",
            ])
        #expect(report.flows == 6 && report.undecided == 0)
        #expect(report.rows[0].samples.map(\.target) == ["wiki.x.example:80/tcp"])
        #expect(report.rows[3].lastSeen == Timestamp("2026-03-02T08:00:00Z"))
        #expect(report.neverUsed.isEmpty)
    }

    @Test("gains that nobody asked for are apart")
    func neverUsed() throws {
        let proposal = Office.policy(at: "2026-04-01T00:00:00Z", version: 2, engineers: ["101", "102", "103"], resources: Self.resources)
        let report = try compare([Self.current], proposal, [Self.flows[0]])
        #expect(lines(report).map { $0.prefix(9) } == ["NO_CHANGE"])
        #expect(report.neverUsed.map { "\($0.principal.id) \($0.resource.id) \($0.example)" } == ["103 401 wiki.x.example:80/tcp"])
    }

    @Test("what the current policy denies already cannot be taken away; against the policies then in force it is a loss")
    func baseline() throws {
        let later = Office.policy(at: "2026-03-02T09:30:00Z", version: 2, engineers: ["101"], resources: Self.resources)
        let flows = [Self.flows[0], Recording.Flow(user: "102", to: "wiki.x.example", resource: "401", start: "2026-03-01T08:00:00Z")]
        let current = try compare([Self.current, later], later, flows)
        #expect(current.rows.map(\.change) == [.none, .none])
        let then = try compare([Self.current, later], later, flows) { $0.baseline = .then }
        #expect(then.rows.map(\.change) == [.revoked, .none])
        #expect(then.rows[0].principal?.id == "102")
    }

    @Test("what one of both policies cannot say is marked")
    func unknown() throws {
        let partial = Self.current.replacingOccurrences(of: "version: 1", with: "version: 1\nincomplete: [groupMembers]")
            .replacingOccurrences(of: "members: [\"101\", \"102\"]", with: "members: []")
        // The proposal does not say who the members are.
        #expect(
            Set(try compare([Self.current], partial).rows.map { "\($0.principal?.id ?? "") \($0.change.rawValue)" }) == [
                "101 ACCESS_MAYBE_REVOKED", "102 ACCESS_MAYBE_REVOKED", "103 ACCESS_MAYBE_GAINED", "103 NO_CHANGE",
            ])
        // The current policy does not: the record says that the flow was carried.
        #expect(
            Set(try compare([partial], Self.current).rows.map { "\($0.principal?.id ?? "") \($0.change.rawValue)" }) == [
                "101 NO_CHANGE", "102 NO_CHANGE", "103 NO_CHANGE",
            ])
        #expect(Set(try compare([partial], partial).rows.map(\.change)) == [.unknown, .none])
        // No policy is known at all.
        let nobody = Office.policy(at: "2026-04-01T00:00:00Z", version: 2, engineers: [], resources: Self.resources)
        #expect(
            Set(try compare([], nobody).rows.map { "\($0.principal?.id ?? "") \($0.change.rawValue)" }) == [
                "101 ACCESS_MAYBE_REVOKED", "102 ACCESS_MAYBE_REVOKED", "103 NO_CHANGE",
            ])
    }

    @Test("the table of changes is whole", arguments: [true, false])
    func changes(wasCarried: Bool) {
        let states: [AccessState] = [.granted(assumed: false), .granted(assumed: true), .notGranted, .unknown]
        let carried: [[AccessChange]] = [
            [.none, .maybeRevoked, .revoked, .maybeRevoked], [.none, .none, .revoked, .maybeRevoked],
            [.gained, .maybeGained, .none, .maybeGained], [.none, .none, .maybeRevoked, .unknown],
        ]
        var refused = carried
        refused[1][0] = .maybeGained
        refused[3] = [.maybeGained, .maybeGained, .none, .unknown]
        let expected = wasCarried ? carried : refused
        for (row, before) in states.enumerated() {
            for (column, after) in states.enumerated() {
                #expect(
                    AccessChange(from: before, to: after, wasCarried: wasCarried) == expected[row][column],
                    "\(before) \(after) \(wasCarried)")
            }
        }
    }

    @Test("Connectors: another network, a policy that goes backwards, how long old policies decided")
    func connectors() throws {
        let later = Office.policy(at: "2026-03-02T10:00:00Z", version: 2, engineers: ["101"], resources: Self.resources)
        func visit(_ user: String, _ start: String, via: String = "11", version: Int?) -> Recording.Flow {
            .init(user: user, to: "wiki.x.example", via: via, resource: "401", start: start, version: version)
        }
        let flows = [
            visit("101", "2026-03-01T08:00:00Z", version: 1), visit("101", "2026-03-02T10:00:01Z", version: 2),
            visit("102", "2026-03-02T10:00:02Z", version: 1), visit("102", "2026-03-02T10:10:00Z", version: 1),
            visit("101", "2026-03-02T11:00:00Z", version: 2), visit("101", "2026-03-02T11:00:01Z", via: "21", version: nil),
        ]
        try Recording(policies: [Self.current, later], flows: flows).replay { history, database in
            let facts = try ConnectorSurvey(history: history).run(database)
            #expect(facts.map(\.id) == ["11", "21"])
            let first = facts[0]
            #expect(first.flows == 5 && first.stale == 1 && first.staleLate == 1 && first.violations == 1)
            #expect(first.backwards == 1 && first.firstBackwards == Timestamp("2026-03-02T10:00:02Z"))
            #expect(first.largestLagMs == 600_000 && first.lastPolicy == "2")
            #expect(first.days.map(\.flows) == [1, 4])
            #expect(first.days.map(\.largestLagMs) == [nil, 600_000])
            #expect(facts[1].outsideNetwork == 1 && facts[1].violations == 1 && facts[1].lastPolicy == nil)
        }
    }
}
