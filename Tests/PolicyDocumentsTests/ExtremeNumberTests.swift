import AccessPolicy
import FlowModel
import Testing

@testable import PolicyDocuments

/// Numbers and times in documents at and beyond their limits.
@Suite struct ExtremeNumberTests {
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
                        if case .autoLock(let seconds) = resource.mode { #expect((1...maxDurationSeconds).contains(seconds)) }
                        if case .accessRequest(let seconds) = resource.mode { #expect((1...maxDurationSeconds).contains(seconds ?? 1)) }
                    }
                    #expect((try? PolicySnapshot.load(snapshot.canonicalJSON(), file: "c.json")) == snapshot)
                    #expect((try? PolicySnapshot.load(Array(snapshot.yaml().utf8), file: "c.yaml")) == snapshot)
                }
            }
        }
        #expect(read > 60)
    }
}
