import AccessPolicy
import FlowModel
import RandomPolicies
import Testing

@testable import PolicyDocuments

@Suite struct DocumentTests {
    /// The digest is a promise to whoever stored it: it must never change for the same policy.
    @Test func canonicalFormAndDigestStayAsTheyAre() throws {
        let text = #"""
            effectiveAt: 2025-03-01T01:00:00+01:00
            version: 7
            notes: [not part of it]
            format: access-policy/1
            resources:
              - network: "1"
                id: 10
                address: "*.X.Example."
                protocols: {udp: none, tcp: [443, 80, 81-90, 85-100]}
                access: [{group: "3"}, {group: "2", expiresAt: 2026-01-01T00:00:00.500Z}]
              - {id: 9, address: 10.0.0.0/8, network: 1, name: "tab\there ü"}
            groups: [{id: "3", members: everyone}, {id: "2", members: ["5", "40"]}]
            users: [{id: 40, state: pending}, {id: 5, email: a@x}]
            networks: [{id: UmVtb3RlTmV0d29yazox, name: "1"}]
            """#
        let snapshot = try PolicySnapshot.load(Array(text.utf8), file: "p.yaml")
        let canonical = #"""
            {"effectiveAt":"2025-03-01T00:00:00Z","format":"access-policy/1","groups":[{"id":"2","members":["5","40"]},{"id":"3","members":"everyone"}],"networks":[{"id":"1"}],"resources":[{"address":"10.0.0.0/8","id":"9","name":"tab\there ü","network":"1"},{"access":[{"expiresAt":"2026-01-01T00:00:00.500Z","group":"2"},{"group":"3"}],"address":"*.x.example","id":"10","network":"1","protocols":{"icmp":false,"tcp":["80-100","443"],"udp":"none"}}],"users":[{"email":"a@x","id":"5"},{"id":"40","state":"pending"}],"version":7}
            """#
        #expect(String(decoding: snapshot.canonicalJSON(), as: UTF8.self) == canonical)
        #expect(snapshot.digest == "41639cfd541f7527e9f2e8ddd6e795dcfe1540da34e48e4fda86f4a5b2803315")
        #expect(CompiledPolicy(snapshot).digest == snapshot.digest)
    }

    @Test func jsonTextIsUnescaped() throws {
        var start = 0
        let node = try JSONDocumentReader.read(Array(#"{"a":"\ud83c\udfe0 \u00e9\n\/\"","b":[1,-0.5e3,true,null]}"#.utf8), from: &start)
        guard case .scalar(let text, isPlain: false) = node["a"]?.content else {
            Issue.record("no text")
            return
        }
        #expect(text == "🏠 é\n/\"")
        guard case .sequence(let items) = node["b"]?.content else {
            Issue.record("no list")
            return
        }
        #expect(items.map(\.isNull) == [false, false, false, true])
    }

    @Test(arguments: [
        "01", "1.", ".5", "+1", "nul", "tru", "1e", "--1", "\"a", "{\"a\"}", "[1 2]", "\"\u{1}\"", "\"\\x\"", "\"\\ud800\"", "{}{}", "[1,]",
    ])
    func otherTextIsNotJSON(_ text: String) {
        var start = 0
        #expect(throws: JSONDocumentReader.Problem.self) { try JSONDocumentReader.read(Array(text.utf8), from: &start) }
    }

    /// Neither depth nor repetition may bring a reader down.
    @Test func hostileDocumentsAreRefusedQuickly() {
        var bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for letter in ["b", "c", "d", "e", "f", "g", "h", "i"] {
            let before = String(UnicodeScalar(letter.unicodeScalars.first!.value - 1)!)
            bomb += "\(letter): &\(letter) [\(Array(repeating: "*\(before)", count: 9).joined(separator: ", "))]\n"
        }
        let tagged = bomb.split(separator: "&").joined(separator: "!!seq &")
        let documents = [
            bomb, tagged, String(repeating: "[", count: 100_000), String(repeating: "- ", count: 5_000) + "x",
            "x: " + String(repeating: "{a: ", count: 800), "{" + String(repeating: "\"a\":{", count: 70_000), "\u{0}", "%YAML 9.9\n---\n",
            "--- a\n--- b\n",
            "? [a, b]\n: c\n", "a: !!binary x\n",
        ]
        for document in documents {
            #expect(throws: PolicyDocumentErrors.self) { try PolicySnapshot.load(Array(document.utf8), file: "p") }
        }
        #expect(throws: PolicyDocumentErrors.self) { try PolicySnapshot.load([0xff, 0xfe, 0x41], file: "p") }
    }

    /// No cut or changed document may do more than be refused.
    @Test func damagedDocumentsNeverCrash() {
        var dice = Dice(seed: 33)
        let original = Array(Example.text.utf8)
        let json = (try? PolicySnapshot.load(original, file: "p").canonicalJSON()) ?? []
        var refused = 0
        for bytes in [original, json] {
            for _ in 0..<150 {
                var damaged = bytes
                for _ in 0..<(1 + dice.roll(4)) {
                    let place = dice.roll(damaged.count)
                    switch dice.roll(3) {
                    case 0: damaged[place] = UInt8(dice.roll(256))
                    case 1: damaged.remove(at: place)
                    default: damaged.insert(dice.pick(Array(" \n:[]{},\"'&*-?#|>%@`".utf8)), at: place)
                    }
                }
                if (try? PolicySnapshot.load(damaged, file: "p")) == nil { refused += 1 }
            }
        }
        #expect(refused > 100)
    }

    /// Every document that the project writes it reads again as the same snapshot.
    @Test func documentsAreReadAsTheyWereWritten() throws {
        var dice = Dice(seed: 5)
        for _ in 0..<60 {
            var snapshot = RandomTenant.snapshot(&dice)
            snapshot.users[0].email = dice.pick(["ünï@x", "a: b", "#", "- x", "{}", "\"q\"", "x, &y", "null", "no", " lead", "e\u{85}f"])
            snapshot.sourceNotes = ["a note: with a colon"]
            let read = try PolicySnapshot.load(Array(snapshot.yaml().utf8), file: "x.yaml")
            #expect(read == snapshot)
            #expect(read.digest == snapshot.digest)
            let json = try PolicySnapshot.load(snapshot.canonicalJSON(), file: "x.json")
            #expect(json.canonicalJSON() == snapshot.canonicalJSON())
        }
    }
}
