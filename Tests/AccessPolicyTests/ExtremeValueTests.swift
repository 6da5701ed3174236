import FlowModel
import Testing

@testable import AccessPolicy

/// Numbers and times at the ends of what can be written: refused or answered, and never a crash.
@Suite struct ExtremeValueTests {
    private static let times = [Int64.min, .min + 1, -62_167_219_200_000, -1, 0, 1, 253_402_300_799_999, .max - 1, .max]
        .map { Timestamp(milliseconds: $0) }

    @Test("documents with any number are read as one that is in range, or refused")
    func documents() {
        let numbers = [
            "0", "1", "-1", "-0", "+1", "01", "1.0", "1e3", "3155760000", "3155760001", "9007199254740991", "9007199254740992",
            "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1e400",
            String(repeating: "9", count: 400), "0x10", "٣", "",
        ]
        let dates = [
            "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999-23:59", "9999-12-31T23:59:60Z",
            "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00+99:99",
        ]
        var read = 0
        for number in numbers + dates {
            for text in [number, "\"\(number)\""] {
                for (key, section) in [
                    ("version", "version: \(text)"), ("time", "users: []\nversion: 1"),
                    ("lock", #"resources: [{id: "1", address: a.x, network: "1", autoLockSeconds: \#(text)}]"#),
                    ("ask", #"resources: [{id: "1", address: a.x, network: "1", accessRequestSeconds: \#(text)}]"#),
                    ("port", #"resources: [{id: "1", address: a.x, network: "1", protocols: {tcp: [\#(text)]}}]"#),
                    ("expiry", #"serviceAccounts: [{id: "1", keys: [{id: "1", expiresAt: \#(text)}]}]"#),
                ] {
                    let at = key == "time" ? text : "2026-01-01T00:00:00Z"
                    let document = "format: access-policy/1\neffectiveAt: \(at)\nnetworks: [{id: \"1\"}]\n\(section)\n"
                    guard let snapshot = try? PolicySnapshot.load(Array(document.utf8), file: "p.yaml") else { continue }
                    read += 1
                    #expect((0...SnapshotDocument.largestVersion).contains(snapshot.version ?? 0))
                    for resource in snapshot.resources {
                        if case .autoLock(let seconds) = resource.mode { #expect((1...longestDurationSeconds).contains(seconds)) }
                        if case .accessRequest(let seconds) = resource.mode { #expect((1...longestDurationSeconds).contains(seconds ?? 1)) }
                    }
                    #expect((try? PolicySnapshot.load(snapshot.canonicalJSON(), file: "c.json")) == snapshot)
                    #expect((try? PolicySnapshot.load(Array(snapshot.yaml().utf8), file: "c.yaml")) == snapshot)
                }
            }
        }
        #expect(read > 60)
    }

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
                        snapshots[index].resources[resource].mode = .autoLock(seconds: dice.pick([1, .max, longestDurationSeconds]))
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
                let judgement = history.judge(facts, options: options)
                judged += judgement.verdictClass == .unverifiable ? 0 : 1
                if facts.endedAt.map({ $0 <= facts.startedAt }) == true { #expect(!judgement.qualifierSet.contains(.outlived)) }
            }
        }
        #expect(judged > 500)
    }
}
