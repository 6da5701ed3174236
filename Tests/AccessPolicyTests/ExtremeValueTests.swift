import FlowModel
import RandomPolicies
import Testing

@testable import AccessPolicy

/// Numbers and times at the ends of what can be written: refused or answered, and never a crash.
@Suite struct ExtremeValueTests {
    private static let times = [Int64.min, .min + 1, -62_167_219_200_000, -1, 0, 1, 253_402_300_799_999, .max - 1, .max]
        .map { Timestamp(milliseconds: $0) }

    @Test("requests and flows at the ends of time are answered, and the naive engine agrees")
    func ends() throws {
        var dice = Dice(seed: 77)
        var judged = 0
        for _ in 0..<300 {
            var snapshots = (0..<2).map { _ in RandomTenant.snapshot(&dice) }
            for index in snapshots.indices {
                snapshots[index].effectiveAt = Self.times[index == 0 ? 0 : 1 + dice.roll(Self.times.count - 1)]
                for resource in snapshots[index].resources.indices {
                    if dice.oneIn(3) {
                        snapshots[index].resources[resource].mode = .autoLock(seconds: dice.pick([1, .max, maxDurationSeconds]))
                    }
                    for edge in snapshots[index].resources[resource].access.indices where dice.oneIn(3) {
                        snapshots[index].resources[resource].access[edge].expiresAt = dice.pick(Self.times)
                    }
                }
            }
            let history = try PolicyHistory(snapshots: snapshots)
            let options = EngineOptions(graceMs: dice.pick([0, 300_000, .max]), skewMs: dice.pick([0, 5_000, .max]))
            for _ in 0..<10 {
                var request = RandomTenant.request(&dice)
                request.at = dice.pick(Self.times)
                request.lastUses = LastUses(
                    byResource: ["98": dice.pick(Self.times)], otherwise: dice.oneIn(2) ? nil : dice.pick(Self.times))
                let verdict = history.policies[0].evaluate(request)
                #expect(verdict.validity.contains(request.at) || request.at == .distantFuture)
                let facts = FlowFacts(
                    principal: request.principal, destination: dice.pick(RandomTenant.destinations), transport: request.transport,
                    port: request.port, connectorID: request.connectorID, recordedResourceID: "98",
                    outcome: dice.pick(RecordedOutcome.allCases), startedAt: request.at, endedAt: dice.pick(Self.times),
                    lastUses: request.lastUses)
                let assessment = history.judge(facts, options: options)
                judged += assessment.verdictClass == .unverifiable ? 0 : 1
                if facts.endedAt.map({ $0 <= facts.startedAt }) == true { #expect(!assessment.qualifierSet.contains(.outlived)) }
            }
        }
        #expect(judged > 500)
    }
}
