import FlowModel
import RandomPolicies
import Testing

@testable import AccessPolicy

/// The engine against the naive one, on tenants and requests that nobody chose.
@Suite struct DifferentialTests {
    struct Case: CustomStringConvertible {
        var snapshot: PolicySnapshot
        var request: AccessRequest
        var options: EngineOptions

        var engine: NaivePolicy.Answer {
            let verdict = CompiledPolicy(snapshot).evaluate(request, options: options)
            return NaivePolicy.Answer(
                reason: verdict.reason, resourceID: verdict.resourceID, isAmbiguous: verdict.isAmbiguous,
                isPostureUnknown: verdict.isPostureUnknown, isUndecidable: verdict.isUndecidable)
        }

        var naive: NaivePolicy.Answer { NaivePolicy(snapshot: snapshot, options: options).answer(request) }

        /// Takes things away for as long as the two still disagree.
        func shrunk() -> Case {
            var current = self
            while let next = RandomTenant.smaller(current.snapshot).lazy
                .map({ Case(snapshot: $0, request: current.request, options: current.options) })
                .first(where: { $0.engine != $0.naive })
            {
                current = next
            }
            return current
        }

        var description: String {
            "\(request)\n\(options)\nengine \(engine)\nnaive  \(naive)\n\(String(decoding: snapshot.canonicalJSON(), as: UTF8.self))"
        }
    }

    @Test(arguments: 1...8)
    func engineAgreesWithTheNaiveOne(seed: Int) {
        var dice = Dice(seed: UInt64(seed))
        var reasons: Set<ReasonCode> = []
        for _ in 0..<400 {
            let snapshot = RandomTenant.snapshot(&dice)
            let policy = CompiledPolicy(snapshot)
            for _ in 0..<25 {
                let options = RandomTenant.options(&dice)
                let example = Case(snapshot: snapshot, request: RandomTenant.request(&dice), options: options)
                let verdict = policy.evaluate(example.request, options: options)
                reasons.insert(verdict.reason)
                let answer = NaivePolicy.Answer(
                    reason: verdict.reason, resourceID: verdict.resourceID, isAmbiguous: verdict.isAmbiguous,
                    isPostureUnknown: verdict.isPostureUnknown, isUndecidable: verdict.isUndecidable)
                guard answer == example.naive else {
                    Issue.record("the two engines disagree:\n\(example.shrunk())")
                    return
                }
            }
        }
        #expect(reasons == Set(ReasonCode.allCases), "the tenants must be varied enough to reach every reason")
    }

    /// The same request at another time within the validity gets the same answer.
    @Test func answersHoldForAsLongAsTheySay() {
        var dice = Dice(seed: 99)
        var bounded = 0
        for _ in 0..<300 {
            let policy = CompiledPolicy(RandomTenant.snapshot(&dice))
            for _ in 0..<20 {
                let options = RandomTenant.options(&dice)
                var request = RandomTenant.request(&dice)
                let verdict = policy.evaluate(request, options: options)
                #expect(verdict.validity.contains(request.at))
                if verdict.validity != .always { bounded += 1 }
                let times = (-1...10).flatMap { second in [-1, 0, 1].map { Timestamp(milliseconds: second * 1_000 + $0) } }
                for time in times where verdict.validity.contains(time) {
                    request.at = time
                    let again = policy.evaluate(request, options: options)
                    #expect(again.reason == verdict.reason && again.resourceID == verdict.resourceID, "\(request) \(verdict.validity)")
                    #expect(again.grants == verdict.grants)
                }
            }
        }
        #expect(bounded > 200)
    }

    /// What says that it does not depend on the last use gives the same answer for any.
    @Test func answersDependOnTheLastUseOnlyWhenTheySaySo() {
        var dice = Dice(seed: 98)
        var independent = 0
        var dependent = 0
        for _ in 0..<300 {
            let policy = CompiledPolicy(RandomTenant.snapshot(&dice))
            for _ in 0..<20 {
                let options = RandomTenant.options(&dice)
                var request = RandomTenant.request(&dice)
                let verdict = policy.evaluate(request, options: options)
                let common = [LastUses.none] + (-5...10).map { LastUses(otherwise: Timestamp(milliseconds: $0 * 1_000)) }
                for uses in common + (0..<8).map({ _ in RandomTenant.lastUses(&dice) }) {
                    request.lastUses = uses
                    let again = policy.evaluate(request, options: options)
                    if verdict.dependsOnLastUse {
                        dependent += again.reason != verdict.reason ? 1 : 0
                    } else {
                        independent += policy.usesAutoLock ? 1 : 0
                        #expect(again == verdict, "\(request)")
                    }
                }
            }
        }
        #expect(independent > 1_000 && dependent > 100)
    }

    /// An assessment holds for every flow whose life lies within its validity.
    @Test func judgementsHoldForAsLongAsTheySay() throws {
        var dice = Dice(seed: 7)
        var qualified: Set<String> = []
        for _ in 0..<200 {
            var snapshots = (0..<3).map { _ in RandomTenant.snapshot(&dice) }
            for index in snapshots.indices { snapshots[index].effectiveAt = Timestamp(milliseconds: Int64(index) * 4_000) }
            let history = try PolicyHistory(snapshots: snapshots)
            let options = EngineOptions(graceMs: 1_000, skewMs: 500)
            for _ in 0..<20 {
                let request = RandomTenant.request(&dice)
                var facts = FlowFacts(
                    principal: request.principal, serviceKeyID: request.serviceKeyID, destination: dice.pick(RandomTenant.destinations),
                    resourceIP: request.resolvedAddress, transport: request.transport, port: request.port,
                    connectorID: request.connectorID, networkID: request.networkID, deviceID: request.deviceID,
                    recordedResourceID: dice.pick(["98", "99", "100"]), outcome: dice.pick(RecordedOutcome.allCases),
                    startedAt: request.at, lastUses: .none)
                let assessment = history.judge(facts, options: options)
                qualified.insert(assessment.verdictClass.rawValue)
                let times = (-1...14).flatMap { second in [-1, 0, 1, 500, 501].map { Timestamp(milliseconds: second * 1_000 + $0) } }
                let inside = times.filter { assessment.validity.contains($0) }
                for start in inside {
                    facts.startedAt = start
                    facts.endedAt = inside.last { $0 >= start }
                    let again = history.judge(facts, options: options)
                    #expect(again.verdictClass == assessment.verdictClass && again.reason == assessment.reason)
                    #expect(again.qualifierSet == assessment.qualifierSet, "\(facts) \(assessment.validity)")
                    #expect(again.expectedResourceID == assessment.expectedResourceID)
                }
            }
        }
        #expect(qualified == Set(VerdictClass.allCases.map(\.rawValue)))
    }
}
