import AccessPolicy
import FlowModel
import FlowStore
import Foundation
import Testing

@testable import Replay

/// Answers that flows share, and work that is done in parts, change nothing: on a random history the result is the one that judging each
/// flow by itself in one go gives.
struct SharedAnswerTests {
    /// SplitMix64.
    private struct Dice {
        var state: UInt64

        mutating func roll(_ bound: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int((z ^ (z >> 31)) % UInt64(bound))
        }

        mutating func pick<Element>(_ items: [Element]) -> Element { items[roll(items.count)] }
    }

    private static func time(_ dice: inout Dice) throws -> String {
        // Whole minutes of a few hours, and the moments around the ends of windows.
        let start = try Recording.milliseconds("2026-03-01T00:00:00Z")
        let ms = start + Int64(dice.roll(480)) * 60_000 + dice.pick([0, 0, 0, -1, 1, 5_000, 5_001])
        return Timestamp(milliseconds: ms).rfc3339
    }

    private static func policy(at time: String, version: Int, locks: Bool, _ dice: inout Dice) throws -> String {
        let expiry = try Self.time(&dice)
        let mode = locks ? ", autoLockSeconds: \(dice.pick([600, 3_600]))" : ""
        return Office.policy(
            at: time, version: version, engineers: dice.pick([["101"], ["102"], ["101", "102"]]),
            states: dice.pick([[:], ["101": "disabled"]]),
            resources: """
                  - {id: "401", name: Wiki, address: wiki.x.example, network: "1"\(mode), access: [{group: "201"}]}
                  - id: "402"
                    name: All
                    address: "*.x.example"
                    network: "1"
                    protocols: {tcp: [\(dice.pick(["80", "443"]))]}
                    access: [{group: "202"}, {group: "201", expiresAt: "\(expiry)"}]
                  - {id: "403", name: Lab, address: 10.1.0.0/16, network: "\(dice.pick(["1", "2"]))", access: [{group: "201"}]}
                """)
    }

    private static func recording(seed: Int, locks: Bool) throws -> Recording {
        var dice = Dice(state: UInt64(seed))
        let changes = ["2026-02-28T23:00:00Z", "2026-03-01T02:00:00Z", "2026-03-01T04:00:00Z", "2026-03-01T04:03:00Z"]
        let policies = try changes.enumerated().map { try policy(at: $0.element, version: $0.offset + 1, locks: locks, &dice) }
        let flows = try (0..<400).map { _ in
            let to = dice.pick(["wiki.x.example", "wiki.x.example", "ci.x.example", "10.1.2.3", "elsewhere.example"])
            let start = try time(&dice)
            let duration = Int64(dice.pick([1_000, 1_000, 60_000, 3_600_000, 14_400_000]))
            let end = Timestamp(milliseconds: try Recording.milliseconds(start) + duration)
            return Recording.Flow(
                user: dice.pick(["101", "101", "102", "103", "109"]), to: to, port: dice.pick([80, 443]),
                via: dice.pick(["11", "11", "21"]), resource: dice.pick(["401", "401", "402", "403"]),
                ip: dice.pick([nil, nil, "10.1.0.7"]),
                outcome: dice.pick(["allowed", "allowed", "allowed", "denied", "failed"]), start: start, end: end.rfc3339,
                version: dice.pick([nil, nil, nil, 1, 2, 3]))
        }
        return Recording(policies: policies, flows: flows)
    }

    private static let alone = WalkEffort(parts: 1, smallestPart: 1, maxRemembered: 0)
    private static let shared = [
        WalkEffort(parts: 1, smallestPart: 1, maxRemembered: 1_000), WalkEffort(parts: 1, smallestPart: 1, maxRemembered: 5),
        WalkEffort(parts: 3, smallestPart: 1, maxRemembered: 1_000), WalkEffort(parts: 7, smallestPart: 1, maxRemembered: 0),
    ]

    @Test(arguments: 1...6, [false, true])
    func sameAsOneByOne(seed: Int, locks: Bool) throws {
        // Without verdicts in the database more flows are alike: those that came to be locked, and those before.
        try Self.recording(seed: seed, locks: locks).replay(judged: seed % 3 == 0) { history, database in
            let middle = try #require(Timestamp("2026-03-01T03:00:00Z"))
            let proposal = history.policies[(seed + 1) % history.policies.count]
            func answers(_ effort: WalkEffort, since: Timestamp) throws -> [String] {
                var replay = Replay(history: history)
                replay.effort = effort
                replay.since = since
                var result = text(try replay.summary(database))
                for baseline in WhatIf.Baseline.allCases {
                    var whatIf = WhatIf(history: history, proposal: proposal)
                    whatIf.effort = effort
                    whatIf.since = since
                    whatIf.baseline = baseline
                    result += text(try whatIf.run(database))
                }
                for question in [UseSurvey.Question.history(history), .policy(proposal)] {
                    var survey = UseSurvey(question)
                    survey.effort = effort
                    survey.since = since
                    result += text(try survey.run(database))
                }
                var connectors = ConnectorSurvey(history: history)
                connectors.effort = effort
                connectors.since = since
                let (facts, sums) = try connectors.runWithSummary(database)
                #expect(text(sums) == text(try replay.summary(database)))
                return result + facts.map { "\($0)" }
            }
            for since in [Timestamp.distantPast, middle] {
                let expected = try answers(Self.alone, since: since)
                var replay = Replay(history: history)
                replay.since = since
                #expect(Array(expected.prefix(1)) == Array(text(try replay.run(database)).prefix(1)))
                for effort in Self.shared {
                    let found = try answers(effort, since: since)
                    #expect(found.count == expected.count, "\(effort)")
                    for (one, other) in zip(found, expected) where one != other { Issue.record("\(effort)\n\(one)\ninstead of\n\(other)") }
                }
            }
        }
    }

    /// Each flow as text, with all that is said of it.
    private struct Lines: FlowListing {
        let given = Guarded<[String]>([])

        func shared(_ answer: SharedAnswer) -> String { Lines.text(answer.outcome, answer.client, answer.destination, answer.assessment) }
        func noRows() -> [String] { [] }
        func add(_ flow: StoredFlow, _ connectionID: String?, _ shared: String, to rows: inout [String]) {
            rows.append("\(flow.startedAt) \(flow.flowID) \(connectionID ?? "-") \(shared)")
        }
        func give(_ rows: [String]) { given.withLock { $0 += rows } }

        static func text(_ outcome: RecordedOutcome, _ client: ClientFacts, _ destination: DestinationFacts, _ assessment: Assessment)
            -> String
        {
            """
            \(outcome) \(client) \(destination) \(assessment.verdictClass) \(String(describing: assessment.reason)) \
            \(assessment.expectedResourceID ?? "-") \(assessment.qualifierSet.text) \(assessment.outlivedByMs ?? -1) \
            \(assessment.policy?.digest ?? "-") \(assessment.explainedBy?.digest ?? "-")
            """
        }
    }

    /// What goes wrong on the way of the rows ends the list, on whichever thread it happens.
    private struct Refusing: FlowListing {
        struct Refusal: Error {}
        let at: Int
        let given = Guarded(0)

        func shared(_ answer: SharedAnswer) {}
        func noRows() {}
        func add(_ flow: StoredFlow, _ connectionID: String?, _ shared: Void, to rows: inout Void) {}
        func give(_ rows: Void) throws {
            try given.withLock { given in
                given += 1
                if given >= at { throw Refusal() }
            }
        }
    }

    @Test(
        "a list is what judging each flow by itself gives, in the same order, however the work is divided", arguments: 1...6, [false, true])
    func listed(seed: Int, locks: Bool) throws {
        try Self.recording(seed: seed, locks: locks).replay(judged: seed % 3 == 0) { history, database in
            let middle = try #require(Timestamp("2026-03-01T03:00:00Z"))
            for since in [Timestamp.distantPast, middle] {
                var replay = Replay(history: history)
                replay.since = since
                var expected: [String] = []
                let sums = try replay.run(database) {
                    let said = Lines.text($0.flow.outcome, $0.client, $0.destination, $0.assessment)
                    expected.append("\($0.flow.startedAt) \($0.flow.flowID) \($0.connectionID ?? "-") \(said)")
                }
                #expect(expected.count > 100)
                for effort in Self.shared + [Self.alone] {
                    for size in [1, 7, 60, 1_000] {
                        replay.effort = effort
                        replay.effort.stretchSize = size
                        // All flows are one run; as many stretches are made of it as it has flows.
                        replay.effort.maxReads = .max
                        #expect(try replay.walk.stretches(database, size: size).count > 300 || size > 1 || locks || since == middle)
                        let lines = Lines()
                        #expect(text(try replay.list(database, lines)) == text(sums), "\(effort)")
                        let found = lines.given.withLock { $0 }
                        #expect(found == expected, "\(effort)")
                        // As many stretches as flows at most, else one; each is given once.
                        for at in [1, 2, 5] where size == 1 {
                            let refusing = Refusing(at: at)
                            #expect(throws: (any Error).self) {
                                _ = try replay.list(database, refusing)
                                if refusing.given.withLock({ $0 }) < at { throw Refusing.Refusal() }
                            }
                        }
                    }
                }
            }
        }
    }

    /// As many flows as `starts`, given in milliseconds since the beginning of the policy.
    private static func recording(starts: [Int64]) throws -> Recording {
        let at = "2026-03-01T00:00:00Z"
        let first = try Recording.milliseconds(at)
        let wiki = """
              - {id: "401", name: Wiki, address: wiki.x.example, network: "1", access: [{group: "201"}]}
            """
        return Recording(
            policies: [Office.policy(at: at, version: 1, resources: wiki)],
            flows: starts.map {
                Recording.Flow(user: "101", to: "wiki.x.example", resource: "401", start: Timestamp(milliseconds: first + $0).rfc3339)
            })
    }

    @Test("a flow whose clock was wrong makes no stretch larger, and flows that start together are in one")
    func stragglers() throws {
        let decades: Int64 = 60 * 365 * 86_400_000
        var starts = (0..<400).map { Int64($0) * 1_000 }
        for place in [10, 200, 390] { starts[place] = decades }
        starts += [Int64](repeating: 500_000, count: 100)
        try Self.recording(starts: starts).replay { history, database in
            var replay = Replay(history: history)
            replay.effort.maxReads = .max
            for size in [1, 20, 100, 500] {
                replay.effort.stretchSize = size
                let stretches = try replay.walk.stretches(database, size: size)
                var counts: [Int] = []
                for stretch in stretches {
                    #expect(stretch.since < stretch.until)
                    var count = 0
                    try database.read { try stretch.forEach($0, FlowFactsReader($0)) { _, _ in count += 1 } }
                    counts.append(count)
                }
                #expect(counts.reduce(0, +) == 500)
                // One in sixteen is looked at; those that start together stay together.
                #expect(counts.allSatisfy { $0 <= max(2 * size, 100 + size) }, "\(size): \(counts)")
                #expect(counts.count >= min(400 / size / 2, 300) || size == 500)
            }
        }
    }

    /// Blocks in the first `give` until no more rows are made: not before there are `expected`, but for a minute at most.
    private struct Slow: FlowListing {
        let expected: Int
        let made = Guarded(0)
        let held = Guarded(0)

        func shared(_ answer: SharedAnswer) {}
        func noRows() -> Int { 0 }
        func add(_ flow: StoredFlow, _ connectionID: String?, _ shared: Void, to rows: inout Int) {
            rows += 1
            made.withLock { $0 += 1 }
        }
        func give(_ rows: Int) {
            guard held.withLock({ $0 == 0 }) else { return }
            var before = -1
            for _ in 0..<200 {
                let now = made.withLock { $0 }
                if now == before, now >= expected { break }
                before = now
                usleep(300_000)
            }
            held.withLock { $0 = before }
        }
    }

    @Test("rows that wait for their turn are bounded, however large a stretch")
    func waiting() throws {
        // The first stretch has five flows; the second all those that start together, while the first is being given.
        let starts = (0..<5).map { Int64($0) * 1_000 } + [Int64](repeating: 60_000, count: 400)
        try Self.recording(starts: starts).replay { history, database in
            var replay = Replay(history: history)
            replay.effort = WalkEffort(parts: 2, smallestPart: 1, stretchSize: 10, maxReads: .max, batchSize: 2)
            let stretches = try replay.walk.stretches(database, size: 10)
            #expect(stretches.count == 2)
            // Two rows of the first stretch, and of the second twice as many as a stretch should have, and a batch.
            let slow = Slow(expected: 2 + 20 + 2)
            let sums = try replay.list(database, slow)
            #expect(sums.flows == 405)
            #expect(slow.made.withLock { $0 } == 405)
            #expect(slow.held.withLock { $0 } == slow.expected)
        }
    }

    /// Else the comparison would show nothing.
    @Test func theHistoryIsVaried() throws {
        var classes: Set<VerdictClass> = []
        var qualifiers: Set<Qualifier> = []
        var reasons: Set<ReasonCode> = []
        for seed in 1...6 {
            try Self.recording(seed: seed, locks: true).replay { history, database in
                for kind in try Replay(history: history).summary(database).kinds.keys {
                    classes.insert(kind.verdictClass)
                    qualifiers.formUnion(kind.qualifiers.list)
                    if let reason = kind.reason { reasons.insert(reason) }
                }
            }
        }
        #expect(classes.isSuperset(of: [.enforced, .misrouted, .overPermitted, .blocked, .overBlocked]))
        #expect(qualifiers.isSuperset(of: [.stale, .staleLate, .outlived]))
        #expect(reasons.isSuperset(of: [.grantLocked, .grantExpired, .noGrant, .portNotAllowed, .wrongNetwork, .noResource]))
    }

    private func text(_ summary: ReplaySummary) -> [String] {
        var parts = ["\(summary.flows) \(summary.violations) \(summary.unverifiable)", "\(String(describing: summary.first))"]
        parts.append("\(String(describing: summary.last))")
        parts += summary.kinds.map { "\($0.key) \($0.value)" }.sorted()
        parts += summary.connectors.map { "\($0.key) \($0.value)" }.sorted()
        parts += summary.policies.map { "\($0.key) \($0.value)" }.sorted()
        return [parts.joined(separator: "\n")]
    }

    private func text(_ report: WhatIfReport) -> [String] {
        ["\(report.flows) \(String(describing: report.first)) \(String(describing: report.last)) \(report.neverUsed.count)"]
            + report.rows.map { row in
                """
                \(row.change) \(String(describing: row.principal)) \(row.principalName ?? "") \(row.resource?.id ?? "") \(row.destination) \
                \(row.newResource?.id ?? "") \(row.reasonBefore?.rawValue ?? "") \(row.reasonAfter?.rawValue ?? "") \(row.decidedBy) \
                \(row.flows) \(row.refused) \(row.firstSeen) \(row.lastSeen) \(row.days) \(row.samples)
                """
            }
    }

    private func text(_ report: UseReport) -> [String] {
        ["\(report.flows) \(report.denied) \(report.undecided) \(report.policies.map(\.digest))"]
            + report.uses.map { use in
                """
                \(use.principal) \(use.serviceKeyID ?? "") \(use.resourceID) \(use.destination) \(String(describing: use.port)) \
                \(use.subjects.map(\.id).sorted()) \(use.flows) \(use.firstSeen) \(use.lastSeen)
                """
            }.sorted()
    }
}
