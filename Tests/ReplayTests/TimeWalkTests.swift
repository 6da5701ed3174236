import AccessPolicy
import FlowModel
import Testing

/// Replay walks time: what a flow may do depends on when it began, what came before it, and how long it stayed.
struct TimeWalkTests {
    typealias Flow = Recording.Flow

    private static let wiki = """
          - {id: "401", name: Wiki, address: wiki.x.example, network: "1", protocols: {tcp: [443]}, access: [{group: "201"}]}
        """

    private func check(_ policies: [String], _ cases: [(Flow, String)], _ options: EngineOptions = EngineOptions()) throws {
        let said = try Recording(policies: policies, flows: cases.map(\.0)).verdicts(options)
        for (index, (flow, expected)) in cases.enumerated() {
            #expect(said[index] == expected, "\(flow.start) to \(flow.end ?? "a second later")")
        }
    }

    private func visit(_ start: String, end: String? = nil, user: String = "101", outcome: String = "allowed", version: Int? = nil) -> Flow
    {
        Flow(user: user, to: "wiki.x.example", resource: "401", outcome: outcome, start: start, end: end, version: version)
    }

    @Test("a grant locks itself after its idle time, and only recorded use keeps it open")
    func autoLock() throws {
        let locking = """
              - {id: "401", name: Wiki, address: wiki.x.example, network: "1", autoLockSeconds: 3600, access: [{group: "201"}]}
            """
        try check(
            [Office.policy(at: "2026-03-01T00:00:00Z", version: 1, resources: locking)],
            [
                // Never used before: nothing is locked.
                (visit("2026-03-01T08:00:00Z"), "enforced"),
                (visit("2026-03-01T08:59:59.999Z"), "enforced"),
                // An hour after 08:59:59.999.
                (visit("2026-03-01T09:59:59.998Z"), "enforced"),
                (visit("2026-03-01T10:59:59.998Z"), "over-permitted grant-locked"),
                // Carried all the same, so it is a use; the lock counts from it.
                (visit("2026-03-01T11:10:00Z"), "enforced"),
                // A refused attempt is none.
                (visit("2026-03-01T12:10:00Z", outcome: "denied"), "blocked grant-locked"),
                (visit("2026-03-01T12:10:00.001Z", outcome: "denied"), "blocked grant-locked"),
                // An authorised one that failed is.
                (visit("2026-03-01T08:00:00Z", user: "102", outcome: "failed"), "enforced"),
                (visit("2026-03-01T09:00:00Z", user: "102"), "over-permitted grant-locked"),
            ])
    }

    @Test("the order of time decides about locks, whatever order the records come in, and also for a period that begins later")
    func autoLockInAPeriod() throws {
        let locking = """
              - {id: "401", name: Wiki, address: wiki.x.example, network: "1", autoLockSeconds: 3600, access: [{group: "201"}]}
            """
        let recording = Recording(
            policies: [Office.policy(at: "2026-03-01T00:00:00Z", version: 1, resources: locking)],
            flows: [visit("2026-03-01T10:00:00Z"), visit("2026-03-01T08:00:00Z")])
        #expect(try recording.verdicts() == ["over-permitted grant-locked", "enforced"])
    }

    @Test("each Resource that could be chosen locks by its own last use, not by that of the recorded one")
    func autoLockOfCandidates() throws {
        // The pattern covers the name, too, and Connectors that apply a wrong rule record it.
        let resources = """
              - {id: "401", name: All, address: "*.x.example", network: "1", access: [{group: "201"}]}
              - {id: "402", name: Host, address: host.x.example, network: "1", autoLockSeconds: 3600, access: [{group: "201"}]}
            """
        func flow(_ start: String, to: String = "host.x.example", resource: String, user: String = "101", end: String? = nil) -> Flow {
            Flow(user: user, to: to, resource: resource, start: start, end: end)
        }
        try check(
            [Office.policy(at: "2026-03-01T00:00:00Z", version: 1, resources: resources)],
            [
                (flow("2026-03-01T08:00:00Z", to: "other.x.example", resource: "401"), "enforced"),
                (flow("2026-03-01T09:55:00Z", resource: "402"), "enforced"),
                // The host was used five minutes ago, so that it is not locked; the pattern two hours ago.
                (flow("2026-03-01T10:00:00Z", resource: "401"), "misrouted"),
                // The host was last used at 09:55; what was recorded for the pattern is no use of it.
                (flow("2026-03-01T10:54:59.999Z", resource: "402"), "enforced"),
                (flow("2026-03-01T11:54:59.999Z", resource: "401"), "enforced"),
                // Somebody else's use is none, and a Resource that was never used is open.
                (flow("2026-03-01T11:54:59.999Z", resource: "401", user: "102"), "misrouted"),
                // What begins at the same time is no earlier use, in whichever order the records lie.
                (flow("2026-03-01T13:00:00Z", resource: "402"), "misrouted"),
                (flow("2026-03-01T13:00:00Z", resource: "401"), "enforced"),
            ])
    }

    @Test("a flow keeps the Resource unlocked that it was allowed through, and no other one")
    func openFlowAndLocks() throws {
        let resources = """
              - {id: "401", name: All, address: "*.x.example", network: "1", access: [{group: "201", expiresAt: "2026-03-01T20:00:00Z"}]}
              - id: "402"
                name: Host
                address: host.x.example
                network: "1"
                autoLockSeconds: 3600
                protocols: {tcp: [22]}
                access: [{group: "201"}]
            """
        try check(
            [Office.policy(at: "2026-03-01T00:00:00Z", version: 1, resources: resources)],
            [
                (Flow(user: "101", to: "host.x.example", port: 22, resource: "402", start: "2026-03-01T08:00:00Z"), "enforced"),
                // The host has locked, the pattern carries; port 443 would not be open at the host, which stays locked meanwhile.
                (
                    Flow(user: "101", to: "host.x.example", resource: "401", start: "2026-03-01T10:00:00Z", end: "2026-03-01T19:00:00Z"),
                    "enforced"
                ),
                (
                    Flow(user: "101", to: "host.x.example", resource: "401", start: "2026-03-01T11:00:00Z", end: "2026-03-01T21:00:00Z"),
                    "enforced outlived 3600000"
                ),
                // Through the host itself: in use, it does not lock.
                (
                    Flow(
                        user: "102", to: "host.x.example", port: 22, resource: "402", start: "2026-03-01T08:00:00Z",
                        end: "2026-03-01T19:00:00Z"), "enforced"
                ),
            ])
    }

    @Test("expiry is exclusive, to the millisecond")
    func expiry() throws {
        let expiring = """
              - id: "401"
                name: Wiki
                address: wiki.x.example
                network: "1"
                access: [{group: "201", expiresAt: "2026-03-01T10:00:00.500Z"}]
            """
        try check(
            [Office.policy(at: "2026-03-01T00:00:00Z", version: 1, resources: expiring)],
            [
                (visit("2026-03-01T10:00:00.499Z"), "enforced"),
                (visit("2026-03-01T10:00:00.500Z"), "over-permitted grant-expired"),
                (visit("2026-03-01T10:00:00.501Z", outcome: "denied"), "blocked grant-expired"),
            ])
    }

    /// The group loses user 102 at ten.
    private var change: [String] {
        [
            Office.policy(at: "2026-03-01T00:00:00Z", version: 1, resources: Self.wiki),
            Office.policy(at: "2026-03-01T10:00:00Z", version: 2, engineers: ["101"], resources: Self.wiki),
        ]
    }

    @Test("a change in the middle of a flow ends its permission")
    func changeInTheMiddle() throws {
        try check(
            change,
            [
                (visit("2026-03-01T09:00:00Z", end: "2026-03-01T12:00:00Z", user: "101"), "enforced"),
                (visit("2026-03-01T09:00:00Z", end: "2026-03-01T12:00:00Z", user: "102"), "enforced outlived 7200000"),
                // An end that is not recorded says nothing.
                (visit("2026-03-01T09:30:00Z", end: "2026-03-01T09:59:59Z", user: "102"), "enforced"),
            ])
    }

    @Test("clocks may be 5 s apart beyond the propagation window, and not a millisecond more")
    func skew() throws {
        let cases: [(Flow, String)] = [
            (visit("2026-03-01T09:00:00Z", end: "2026-03-01T10:04:55Z", user: "102"), "enforced"),
            (visit("2026-03-01T09:00:00Z", end: "2026-03-01T10:05:00.001Z", user: "102"), "enforced"),
            (visit("2026-03-01T09:00:00Z", end: "2026-03-01T10:05:05Z", user: "102"), "enforced"),
            (visit("2026-03-01T09:00:00Z", end: "2026-03-01T10:05:05.001Z", user: "102"), "enforced outlived 305001"),
            // Verdicts themselves are taken at the recorded time: skew excuses no start.
            (visit("2026-03-01T09:59:55Z", user: "102"), "enforced"),
            (visit("2026-03-01T09:59:59.999Z", user: "102"), "enforced"),
            (visit("2026-03-01T10:05:00.001Z", user: "102"), "over-permitted no-grant stale-late"),
            (visit("2026-03-01T09:59:59.999Z", user: "102", outcome: "denied"), "over-blocked"),
        ]
        try check(change, cases)
        let exact = EngineOptions(skewMs: 0)
        try check(
            change,
            [
                (visit("2026-03-01T09:00:00Z", end: "2026-03-01T10:05:00Z", user: "102"), "enforced"),
                (visit("2026-03-01T09:00:00Z", end: "2026-03-01T10:05:00.001Z", user: "102"), "enforced outlived 300001"),
            ], exact)
    }

    @Test("a change reaches a Connector within the window, to the millisecond")
    func propagation() throws {
        try check(
            change,
            [
                (visit("2026-03-01T10:00:00Z", user: "102"), "over-permitted no-grant stale"),
                (visit("2026-03-01T10:05:00Z", user: "102"), "over-permitted no-grant stale"),
                (visit("2026-03-01T10:05:00.001Z", user: "102"), "over-permitted no-grant stale-late"),
                // The record says which policy was enforced: exactly that one must explain it.
                (visit("2026-03-01T10:04:00Z", user: "102", version: 1), "over-permitted no-grant stale"),
                (visit("2026-03-01T10:04:00Z", user: "102", version: 2), "over-permitted no-grant"),
                (visit("2026-03-01T10:05:00.001Z", user: "102", version: 1), "over-permitted no-grant stale-late"),
            ])
        let quick = EngineOptions(graceMs: 1_000)
        try check(
            change,
            [
                (visit("2026-03-01T10:00:01Z", user: "102"), "over-permitted no-grant stale"),
                (visit("2026-03-01T10:00:01.001Z", user: "102"), "over-permitted no-grant stale-late"),
            ], quick)
    }
}
