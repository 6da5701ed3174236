import Testing

@testable import FlowStore
@testable import Ingest

/// Which records are recognised as which flows.
struct SourceMatcherTests {
    /// A flow or a record: start, end, and what else is not usual.
    struct Words: CustomStringConvertible {
        var start: Int64
        var end: Int64?
        var bytes: Int64? = 10
        var witness: Witness?
        var change: @Sendable (inout Observation) -> Void = { _ in }
        var description: String { "\(witness.map { "\($0)" } ?? "flow") \(start) to \(end ?? -1), \(bytes ?? -1)" }

        func observation(_ index: Int) -> Observation {
            var observation = Observation(startedAt: start)
            observation.flowID = Int64(index)
            observation.witness = witness
            observation.endedAt = end ?? FlowDraft.absent
            observation.bytesReceived = bytes ?? FlowDraft.absent
            observation.bytesTransferred = bytes.map { $0 / 2 } ?? FlowDraft.absent
            observation.tie = UInt64(index)
            (observation.principalKind, observation.principalID) = (1, 7)
            change(&observation)
            return observation
        }
    }

    struct Case: CustomTestStringConvertible {
        var name: String
        var rows: [Words]
        var originals: [Words]
        /// Row, original, what differs.
        var pairs: [String]
        var testDescription: String { name }
    }

    static func row(
        _ start: Int64, _ end: Int64?, bytes: Int64? = 10, _ witness: Witness = .report,
        _ change: @escaping @Sendable (inout Observation) -> Void = { _ in }
    ) -> Words {
        Words(start: start, end: end, bytes: bytes, witness: witness, change: change)
    }

    static func flow(
        _ start: Int64, _ end: Int64?, bytes: Int64? = 10, _ change: @escaping @Sendable (inout Observation) -> Void = { _ in }
    ) -> Words {
        Words(start: start, end: end, bytes: bytes, change: change)
    }

    static let cases: [Case] = [
        Case(name: "the same", rows: [row(1_000_120, 1_005_120)], originals: [flow(1_000_123, 1_005_127)], pairs: ["0 0 "]),
        Case(name: "a second apart", rows: [row(1_000_120, 1_005_120)], originals: [flow(1_001_120, 1_005_120)], pairs: ["0 0 "]),
        Case(name: "more than a second apart", rows: [row(1_000_120, 1_005_120)], originals: [flow(1_001_121, 1_005_120)], pairs: []),
        Case(
            name: "a conflict as near as the time is precise", rows: [row(1_000_120, 1_005_120, bytes: 12)],
            originals: [flow(1_000_130, 1_005_127)], pairs: ["0 0 bytes_received bytes_transferred"]),
        Case(name: "another connection", rows: [row(1_000_120, 1_005_120, bytes: 12)], originals: [flow(1_000_131, 1_005_127)], pairs: []),
        Case(
            name: "whole seconds are less precise", rows: [row(1_000_000, 1_005_000, bytes: 12)],
            originals: [flow(1_000_900, 1_005_127)], pairs: ["0 0 bytes_received bytes_transferred"]),
        Case(
            name: "a report's whole minute is a whole second", rows: [row(1_200_000, 1_205_000)], originals: [flow(1_202_000, 1_205_127)],
            pairs: []),
        Case(
            name: "a synced event's whole minute may be any second of it", rows: [row(1_200_000, nil, bytes: nil, .established)],
            originals: [flow(1_259_000, 1_270_000)], pairs: ["0 0 "]),
        Case(
            name: "each to the one with its bytes, not to the nearest",
            rows: [row(1_000_100, 1_009_000, bytes: 4), row(1_000_200, 1_009_000, bytes: 8)],
            originals: [flow(1_000_100, 1_009_000, bytes: 8), flow(1_000_200, 1_009_000, bytes: 4)], pairs: ["0 1 ", "1 0 "]),
        Case(
            name: "one to one: the second row has no partner",
            rows: [row(1_000_100, 1_009_000), row(1_000_300, 1_009_000)], originals: [flow(1_000_300, 1_009_000)], pairs: ["1 0 "]),
        Case(
            name: "a chain is joined from its nearest pair on",
            rows: [row(1_000_010, nil, bytes: nil), row(1_000_510, nil, bytes: nil)],
            originals: [flow(1_000_410, nil, bytes: nil), flow(1_000_910, nil, bytes: nil)], pairs: ["0 1 ", "1 0 "]),
        Case(
            name: "an open connection says nothing against it", rows: [row(1_000_120, 1_005_120)],
            originals: [flow(1_000_120, nil, bytes: nil)], pairs: ["0 0 "]),
        Case(
            name: "an end more than a second away", rows: [row(1_000_120, 1_005_120)], originals: [flow(1_000_120, 1_006_121)],
            pairs: ["0 0 ended_at"]),
        Case(
            name: "a closed event is found by the end", rows: [row(9_000_000, 9_000_000, .closed)],
            originals: [flow(1_000_000, 9_000_400)], pairs: ["0 0 "]),
        Case(
            name: "not after more than a day", rows: [row(99_000_000, 99_000_000, .closed)], originals: [flow(1_000_000, 99_000_400)],
            pairs: []),
        Case(
            name: "a flow whose start is unknown is not found by it", rows: [row(1_000_000, nil, bytes: nil, .established)],
            originals: [flow(1_000_000, 1_000_000) { $0.startIsUnknown = true }], pairs: []),
        Case(
            name: "another principal", rows: [row(1_000_120, 1_005_120) { $0.principalID = 8 }], originals: [flow(1_000_123, 1_005_127)],
            pairs: []),
        Case(
            name: "no principal in the report", rows: [row(1_000_120, 1_005_120) { ($0.principalKind, $0.principalID) = (0, 0) }],
            originals: [flow(1_000_123, 1_005_127)], pairs: ["0 0 "]),
        Case(
            name: "another endPoint", rows: [row(1_000_120, 1_005_120) { $0.endPoint = 2 }], originals: [flow(1_000_123, 1_005_127)],
            pairs: []),
        Case(
            name: "another outcome, Resource and address",
            rows: [
                row(1_000_120, nil, bytes: nil) {
                    $0.outcome = 2
                    ($0.resource, $0.resourceIP, $0.appliedRule, $0.network, $0.clientIP) = (1, 2, 0, 4, 5)
                }
            ],
            originals: [
                flow(1_000_123, 1_005_127) { ($0.resource, $0.resourceIP, $0.appliedRule, $0.network, $0.clientIP) = (9, 8, 7, 4, 6) }
            ], pairs: ["0 0 outcome resource_id resource_ip client_ip"]),
        Case(
            name: "times beyond reckoning", rows: [row(.max, .min), row(.min, .max, .closed)],
            originals: [flow(.min, .max), flow(.max - 1, .min + 1)], pairs: []),
    ]

    @Test(arguments: cases)
    func recognises(_ known: Case) {
        for isReversed in [false, true] {
            func order(_ count: Int) -> [Int] { isReversed ? (0..<count).reversed() : Array(0..<count) }
            let (rowOrder, originalOrder) = (order(known.rows.count), order(known.originals.count))
            let rows = rowOrder.map { known.rows[$0].observation($0) }
            let originals = originalOrder.map { known.originals[$0].observation($0) }
            let found = Witness.allCases.flatMap { SourceMatcher.pairs(rows: rows, originals: originals, witness: $0) }.map { pair in
                let names = SourceDifferences.names.filter { pair.differences.contains($0.difference) }.map(\.name)
                return "\(rows[pair.row].flowID) \(originals[pair.original].flowID) \(names.joined(separator: " "))"
            }
            #expect(found.sorted() == known.pairs)
        }
    }

    @Test("what is farther away than the influence changes nothing", arguments: 0..<40)
    func locality(seed: Int) {
        var numbers = Numbers(seed: UInt64(seed))
        func some(_ count: Int, _ witness: Witness?) -> [Observation] {
            (0..<count).map { index in
                let start = Int64.random(in: 1_000_000..<1_030_000, using: &numbers) / 100 * 100
                return Words(start: start, end: nil, bytes: Bool.random(using: &numbers) ? nil : 3, witness: witness).observation(index + 1)
            }
        }
        let (rows, originals) = (some(60, .report), some(60, nil))
        let influence = SourceMatcher.influence(reach: MatchReach.usual)
        let middle: Int64 = 1_015_000
        func partners(_ rows: [Observation], _ originals: [Observation], within: Int64) -> [Int64: Int64] {
            var partners: [Int64: Int64] = [:]
            for pair in SourceMatcher.pairs(rows: rows, originals: originals, witness: .report)
            where abs(rows[pair.row].startedAt - middle) <= within {
                partners[rows[pair.row].flowID] = originals[pair.original].flowID
            }
            return partners
        }
        func near(_ observations: [Observation]) -> [Observation] {
            observations.filter { abs($0.startedAt - middle) <= influence + 2_000 }
        }
        #expect(partners(rows, originals, within: 2_000) == partners(near(rows), near(originals), within: 2_000))
    }

    @Test("many connections of one instant take bounded work")
    func crowd() {
        let originals = (1...20_000).map { index in SourceMatcherTests.flow(1_000_000, 1_001_000, bytes: Int64(index)).observation(index) }
        let rows = (1...20_000).map { index in SourceMatcherTests.row(1_000_000, 1_001_000, bytes: Int64(index)).observation(index) }
        let pairs = SourceMatcher.pairs(rows: rows, originals: originals, witness: .report)
        #expect(Set(pairs.map(\.row)).count == pairs.count)
        #expect(Set(pairs.map(\.original)).count == pairs.count)
    }
}
