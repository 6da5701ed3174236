import FlowModel
import RandomPolicies
import Testing

@testable import AccessPolicy
@testable import PolicyDocuments

/// A tenant that questions are asked about.
enum Example {
    static let text = #"""
        format: access-policy/1
        effectiveAt: 2025-03-01T00:00:00Z
        networks:
          - {id: "1", name: Office}
          - {id: "2", name: Lab}
        connectors:
          - {id: "11", name: heron, network: "1"}
          - {id: "12", name: egret, network: "1"}
          - {id: "21", name: stork, network: "2"}
        users:
          - {id: "101", email: ana@x.example}
          - {id: "102", email: bo@x.example}
          - {id: "103", email: cy@x.example, state: disabled}
        groups:
          - {id: "201", name: Eng, members: ["101", "103"]}
          - {id: "202", name: Ops, members: ["102"]}
          - {id: "203", name: Empty}
        serviceAccounts:
          - {id: "301", name: ci, keys: [{id: "311", name: k}]}
          - {id: "302", name: idle}
        resources:
          - {id: "401", name: Web, address: "*.x.example", network: "1", protocols: {tcp: [443, 8000-8080]}, access: [{group: "201"}, {serviceAccount: "301"}]}
          - {id: "402", name: Vault, address: vault.x.example, network: "1", protocols: {tcp: [8200]}, access: [{group: "201"}]}
          - {id: "403", name: Subnet, address: 10.0.0.0/8, network: "2", access: [{group: "202"}, {serviceAccount: "302"}]}
          - {id: "404", name: Host, address: 10.1.1.1, network: "2", protocols: {tcp: [22]}, access: [{group: "202", expiresAt: 2025-06-01T00:00:00Z}]}
        tests:
          - {name: engineers reach the web, who: ana@x.example, to: "www.x.example:443/tcp", through: heron, expect: allow, resource: Web}
          - {name: and not the subnet, who: ana@x.example, to: 10.2.3.4:22, expect: deny, reason: no-grant}
          - {name: a wrong hope, who: bo@x.example, to: www.x.example:443, expect: allow}
        """#

    static func document(_ edits: (String, String)...) throws -> PolicyDocument {
        var text = text
        for (from, to) in edits { text = text.split(separator: from, omittingEmptySubsequences: false).joined(separator: to) }
        return try PolicyDocument(Array(text.utf8), file: "p.yaml")
    }
}

@Suite struct PolicyTestTests {
    @Test func testsOfADocumentAreRun() throws {
        let document = try Example.document()
        let policy = CompiledPolicy(document.snapshot)
        let results = document.tests.map { $0.run(policy) }
        #expect(results.map(\.test.line) == [27, 28, 29])
        #expect(results.map(\.outcome) == [.passed, .passed, .failed])
        #expect(results.last?.differences == ["expected allow, got deny (no-grant)"])
    }

    /// An answer that rests on what an incomplete source leaves out is neither what was expected nor the opposite.
    @Test func whatCannotBeDecidedHasNotPassed() throws {
        let document = try Example.document(("format: access-policy/1", "format: access-policy/1\n\("incomplete: [groupMembers]")"))
        let results = document.tests.map { $0.run(CompiledPolicy(document.snapshot)) }
        #expect(results.map(\.outcome) == [.passed, .undecidable, .undecidable])
        #expect(results.map(\.differences.count) == [0, 1, 1])
    }

    /// Each would ask another question than its author meant, and mostly be answered with a denial that somebody expects.
    @Test(arguments: [
        ("through: hero", "no Connector is called `hero`; is `heron` meant?"),
        ("through: connector:99, reason: unknown-connector", nil),
        ("device: lap", "no device is called `lap`"),
        ("device: \"device:lap\"", nil),
        ("key: \"311\"", "`key` goes with a service account, and `who` is a user"),
        ("country: \"\"", "`country` is empty"),
        ("resource: Wep", "no Resource is called `Wep`; is `Web` meant?"),
        ("resource: \"*.X.example.\"", nil),
    ])
    func whatTheDocumentDoesNotHaveIsRefused(_ fields: String, _ problem: String?) {
        let edit = ("to: 10.2.3.4:22, expect: deny, reason: no-grant", "to: 10.2.3.4:22, expect: deny, \(fields)")
        guard let problem else {
            #expect(throws: Never.self) { try Example.document(edit) }
            return
        }
        let error = #expect(throws: PolicyDocumentErrors.self) { try Example.document(edit) }
        #expect(error?.problems == [PolicyProblem(file: "p.yaml", line: 28, message: problem)])
    }

    @Test(arguments: ["ana@x.exampl", "an@x.example"])
    func nobodyIsToldWhoIsNear(_ who: String) throws {
        let snapshot = try Example.document().snapshot
        let error = #expect(throws: PolicySnapshot.NameProblem.self) { try snapshot.principal(named: who) }
        #expect(error?.description == "no user or service account is called `\(who)`; is `ana@x.example` meant?")
    }
}

@Suite struct ExplainTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var who: String
        var to: String
        var through: String?
        var reason: ReasonCode
        var failedStep: String?
        var remedies: [String]
        var testDescription: String { "\(who) \(to)" }
    }

    @Test(arguments: [
        Case(who: "ana@x.example", to: "www.x.example:443", through: "heron", reason: .allowed, failedStep: nil, remedies: []),
        Case(
            who: "bo@x.example", to: "www.x.example:443", through: "heron", reason: .noGrant, failedStep: "grant",
            remedies: ["as a member of group Eng (201), to which Web is granted"]),
        Case(
            who: "cy@x.example", to: "www.x.example:443", through: "heron", reason: .principalDisabled, failedStep: "principal",
            remedies: ["if cy@x.example (103) were active"]),
        Case(
            who: "ana@x.example", to: "www.x.example:80", through: "heron", reason: .portNotAllowed, failedStep: "port",
            remedies: [
                "at TCP port 443, which Web allows", "at TCP port 8000-8080, which Web allows", "if Web allowed TCP port 80",
            ]),
        Case(
            who: "ana@x.example", to: "www.x.example:443", through: "stork", reason: .wrongNetwork, failedStep: "connector",
            remedies: ["through Connector heron (11) of Office (1)"]),
        Case(
            who: "ana@x.example", to: "vault.x.example:443", through: "heron", reason: .portNotAllowed, failedStep: "port",
            remedies: ["at TCP port 8200, which Vault allows", "if Vault allowed TCP port 443"]),
        Case(
            who: "ci", to: "10.1.1.1:22", through: "stork", reason: .noGrant, failedStep: "grant",
            remedies: [
                "if Host were granted to service account ci (301)", "if Subnet were granted to service account ci (301)",
            ]),
        Case(who: "user:999", to: "www.x.example:443", through: nil, reason: .unknownPrincipal, failedStep: "principal", remedies: []),
        Case(who: "bo@x.example", to: "elsewhere.example:443", through: nil, reason: .noResource, failedStep: "grant", remedies: []),
    ])
    func answersAreExplained(_ example: Case) throws {
        let policy = CompiledPolicy(try Example.document().snapshot)
        let target = try ConnectionTarget(example.to)
        let request = AccessRequest(
            principal: try policy.snapshot.principal(named: example.who), destination: target.destination,
            transport: target.transport, port: target.port,
            connectorID: example.through.map { policy.snapshot.connectorID(named: $0) }, at: policy.snapshot.effectiveAt)
        let explanation = policy.explain(request)
        #expect(explanation.verdict.reason == example.reason)
        #expect(explanation.steps.first { $0.outcome == .failed }?.name == example.failedStep)
        #expect(explanation.remedies == example.remedies)
    }

    @Test func everyStepIsToldInWords() throws {
        let policy = CompiledPolicy(try Example.document().snapshot)
        let request = AccessRequest(
            principal: PrincipalReference(kind: .user, id: "102"), destination: Destination("10.1.1.1"),
            resolvedAddress: IPAddress("10.1.1.1"), transport: .tcp, port: 22, connectorID: "21", at: policy.snapshot.effectiveAt)
        let explanation = policy.explain(request)
        #expect(
            explanation.steps.map { "\($0.name) \($0.outcome.rawValue): \($0.detail)" } == [
                "principal passed: bo@x.example (102) is active",
                "grant passed: Host (404), 10.1.1.1, granted to group Ops (202) until 2025-06-01T00:00:00Z",
                "routing passed: through Connectors",
                "port passed: Host allows TCP 22, UDP none, ICMP no; asked for TCP 22",
                "connector passed: Connector stork (21) is in Lab (2); the Resource is in Lab (2)",
                "address passed: 10.1.1.1 may stand for the Resource",
                "posture passed: no security policy applies",
            ])
        #expect(
            explanation.candidates == [
                Explanation.Candidate(
                    resourceID: "404", name: "Host", rule: "10.1.1.1", isSelected: true, standing: "granted to group Ops (202)"),
                Explanation.Candidate(
                    resourceID: "403", name: "Subnet", rule: "10.0.0.0/8", isSelected: false, standing: "granted to group Ops (202)"),
            ])
    }

    /// Whatever is proposed as a remedy, a denial of any kind can be explained without trouble.
    @Test func anyRequestCanBeExplained() {
        var dice = Dice(seed: 12)
        for _ in 0..<100 {
            let policy = CompiledPolicy(RandomTenant.snapshot(&dice))
            for _ in 0..<5 {
                let request = RandomTenant.request(&dice)
                let options = RandomTenant.options(&dice)
                let explanation = policy.explain(request, options: options)
                #expect(explanation.verdict == policy.evaluate(request, options: options))
                #expect(explanation.steps.count == 7)
                #expect(explanation.steps.count { $0.outcome == .failed } == (explanation.verdict.isAllowed ? 0 : 1))
            }
        }
    }
}

@Suite struct DiffTests {
    private func diff(_ edits: (String, String)...) throws -> PolicyDiff {
        var text = Example.text
        for (from, to) in edits { text = text.split(separator: from, omittingEmptySubsequences: false).joined(separator: to) }
        let new = try PolicySnapshot.load(Array(text.utf8), file: "new.yaml")
        return PolicyDiff(from: CompiledPolicy(try Example.document().snapshot), to: CompiledPolicy(new))
    }

    private func words(_ diff: PolicyDiff) -> [String] {
        diff.access.map { difference in
            let who = difference.principals.map(\.id).joined(separator: ",")
            return "\(difference.effect.rawValue) \(who) \(difference.resource.id) \(difference.target)"
                + " \(difference.before.reason.rawValue) -> \(difference.after.reason.rawValue)"
        }
    }

    @Test func nothingChanged() throws {
        let diff = try diff()
        #expect(diff.changes.isEmpty && diff.access.isEmpty)
    }

    @Test func aMemberJoins() throws {
        let diff = try diff((#"name: Eng, members: ["101", "103"]"#, #"name: Eng, members: ["101", "102", "103"]"#))
        #expect(diff.changes.map(\.text) == ["group Eng (201): gained bo@x.example (102)"])
        #expect(
            words(diff) == [
                "gained 102 401 any.x.example:443/tcp no-grant -> allowed",
                "gained 102 402 vault.x.example:8200/tcp no-grant -> allowed",
            ])
    }

    @Test func aPortIsClosed() throws {
        let diff = try diff(("tcp: [443, 8000-8080]", "tcp: [8000-8080]"))
        #expect(
            diff.changes.map(\.text) == [
                "Resource Web (401): protocols from TCP 443, 8000-8080, UDP none, ICMP no to TCP 8000-8080, UDP none, ICMP no"
            ])
        #expect(
            words(diff) == [
                "lost 101 401 any.x.example:443/tcp allowed -> port-not-allowed",
                "lost 301 401 any.x.example:443/tcp allowed -> port-not-allowed",
            ])
    }

    @Test func aNarrowerResourceTakesOver() throws {
        let host = #"name: Host, address: 10.1.1.1, network: "2", protocols: {tcp: [22]}"#
        let diff = try diff((host, #"name: Host, address: 10.1.0.0/16, network: "2""#))
        #expect(words(diff).contains("rerouted 102 404 10.1.0.1:443/tcp allowed -> allowed"))
    }

    @Test func aUserIsDisabledAndAResourceMoves() throws {
        let diff = try diff(
            ("email: bo@x.example", "email: bo@x.example, state: disabled"),
            (#"address: vault.x.example, network: "1""#, #"address: vault.x.example, network: "2""#))
        #expect(diff.changes.map(\.object) == [PolicyObject(.user, "102"), PolicyObject(.resource, "402")])
        #expect(
            words(diff) == [
                "lost 101 402 vault.x.example:8200/tcp allowed -> wrong-network",
                "lost 102 403 10.0.0.1:443/tcp allowed -> principal-disabled",
                "lost 102 404 10.1.1.1:22/tcp allowed -> principal-disabled",
                "gained 101 402 vault.x.example:8200/tcp wrong-network -> allowed",
            ])
    }

    /// What the diff says about a connection both engines say.
    @Test func everyExampleShowsItsDifference() {
        var dice = Dice(seed: 21)
        var seen: Set<String> = []
        for _ in 0..<80 {
            let (old, new) = (CompiledPolicy(RandomTenant.snapshot(&dice)), CompiledPolicy(RandomTenant.snapshot(&dice)))
            for difference in PolicyDiff(from: old, to: new).access {
                seen.insert(difference.effect.rawValue)
                for principal in difference.principals {
                    var request = difference.example
                    guard principal.kind == .user else { continue }
                    request.principal = principal
                    #expect(old.evaluate(request).isAllowed == (difference.effect != .gained))
                    #expect(new.evaluate(request).isAllowed == (difference.effect != .lost))
                }
            }
        }
        #expect(seen == ["gained", "lost", "rerouted"])
    }
}

@Suite struct ReviewTests {
    @Test func whatAnAuditorWouldAskAbout() throws {
        let text = #"""
            format: access-policy/1
            effectiveAt: 2025-03-01T00:00:00Z
            networks: [{id: "1", name: Office}, {id: "2", name: Lab}, {id: "3", name: Unused}]
            connectors:
              - {id: "11", name: heron, network: "1"}
              - {id: "12", name: egret, network: "1"}
            users:
              - {id: "101", email: ana@x.example}
              - {id: "102", email: bo@x.example, state: disabled}
            groups:
              - {id: "201", name: Eng, members: ["101", "102"]}
              - {id: "202", name: Ops, members: ["101"]}
              - {id: "203", name: Empty}
              - {id: "204", name: Frozen, active: false, members: ["101"]}
            serviceAccounts:
              - {id: "301", name: ci, keys: [{id: "311", name: k}]}
              - {id: "302", name: dead, keys: [{id: "312", name: k, revoked: true}]}
            resources:
              - {id: "401", name: All, address: "*", network: "1", access: [{group: "201"}]}
              - {id: "402", name: Net, address: 10.0.0.0/8, network: "2", access: [{group: "201"}]}
              - {id: "403", name: Host, address: 10.1.1.1, network: "2", protocols: {tcp: [22]}, access: [{group: "202", expiresAt: 2025-02-01T00:00:00Z}, {group: "203"}, {group: "204"}]}
              - {id: "404", name: Again, address: 10.0.0.0/8, network: "2", access: [{group: "201"}]}
              - {id: "405", name: Left, address: "a-?.x", network: "1", access: [{group: "201"}]}
              - {id: "406", name: Right, address: "a?1.x", network: "1", access: [{group: "202"}]}
              - {id: "407", name: Nobody, address: n.example, network: "1"}
              - {id: "408", name: Around, address: s.example, network: "1", routing: bypass, protocols: {tcp: [443]}, access: [{serviceAccount: "302"}]}
              - {id: "409", name: Shut, address: t.example, network: "1", protocols: {}, access: [{serviceAccount: "301"}]}
              - {id: "410", name: Off, address: u.example, network: "1", active: false, access: [{serviceAccount: "301"}]}
            """#
        let document = try PolicyDocument(Array(text.utf8), file: "p.yaml")
        let warnings = document.snapshot.review()
        let got = warnings.map { "\(document.line(of: $0.object) ?? 0) \($0.code.rawValue): \($0.message)" }
        #expect(
            got == [
                "3 no-redundancy: Remote network Lab has no Connector for its Resources",
                "9 idle-member: bo@x.example is disabled and still a member of 1 group",
                "13 empty-group: group Empty has no members and is granted Resources",
                "16 endless-key: key k (311) of service account ci never expires",
                "17 dead-account: service account dead is granted Resources and has no key that works",
                "19 catch-all: All (*) covers everything",
                "21 dead-grant: Host (10.1.1.1) is granted to group Empty (203), which has no members",
                "21 dead-grant: Host (10.1.1.1) is granted to group Frozen (204), which is inactive",
                "21 expired-grant: the grant of Host (10.1.1.1) to group Ops (202) expired at 2025-02-01T00:00:00Z",
                "21 narrower-refuses: Host (10.1.1.1) refuses everything but its own ports, which Again (10.0.0.0/8) allows to ana@x.example (101)",
                "21 narrower-refuses: Host (10.1.1.1) refuses everything but its own ports, which Net (10.0.0.0/8) allows to ana@x.example (101)",
                "22 ambiguous-overlap: Again and Net (402) both cover 10.0.0.0/8 exactly, for group Eng (201)",
                "22 shadowed: Again is never selected: Net (402) has the same definition, a lower id and all its grants",
                "24 ambiguous-overlap: Right (a?1.x) and Left (a-?.x, 405) can cover the same name equally well, for ana@x.example (101)",
                "25 unreachable: Nobody (n.example) is granted to nobody",
                "26 bypass-restricted: Around (s.example) is reached directly, so that nobody enforces its protocols and ports",
                "27 dead-grant: Shut (t.example) is granted and has no protocol open",
                "28 dead-grant: Off (u.example) is granted and inactive",
            ])
        let codes = Set(warnings.map(\.code))
        #expect(codes == Set(PolicyWarning.Code.allCases.filter { $0 != .notExamined }))
    }

    @Test func aTidyPolicyGivesNoReasonToAsk() throws {
        let text = #"""
            format: access-policy/1
            effectiveAt: 2025-03-01T00:00:00Z
            networks: [{id: "1"}]
            connectors: [{id: "11", network: "1"}, {id: "12", network: "1"}]
            users: [{id: "101"}]
            groups: [{id: "201", members: ["101"]}]
            resources:
              - {id: "401", address: a.x, network: "1", access: [{group: "201"}]}
              - {id: "402", address: "*.x", network: "1", protocols: {tcp: [443]}, access: [{group: "201"}]}
            """#
        #expect(try PolicySnapshot.load(Array(text.utf8), file: "p.yaml").review() == [])
    }
}
