import AccessPolicy
import FlowModel
import Foundation
import Testing

@testable import PolicyDocuments

/// The policy model as data: flows.yaml, requests.yaml and refused.yaml hold inputs and the answers that any implementation must give.
@Suite struct PolicyConformanceTests {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/policy"

    static let harbour = Result { try PolicyHistory.load(directory: directory + "/harbour") }

    struct Case: CustomTestStringConvertible, Sendable {
        var note: String
        var input: [String: String]
        var options: [String: String] = [:]
        var want: [String: String]
        var fields: [String: String] = [:]
        var problems: [String] = []
        var testDescription: String { note }
    }

    static func cases(_ file: String, input: String) -> [Case] {
        guard let bytes = try? PolicyFile.read(directory + "/" + file),
            let root = try? DocumentNode.read(bytes, file: file), case .sequence(let items) = root.content
        else { return [] }
        return items.map { item in
            Case(
                note: fields(item)["note"] ?? "", input: item[input].map(fields) ?? [:],
                options: item["options"].map(fields) ?? [:], want: item["want"].map(fields) ?? [:], fields: fields(item),
                problems: item["problems"].map(texts) ?? [])
        }
    }

    private static func texts(_ node: DocumentNode) -> [String] {
        guard case .sequence(let items) = node.content else { return [] }
        return items.compactMap { if case .scalar(let text, _) = $0.content { text } else { nil } }
    }

    private static func fields(_ node: DocumentNode) -> [String: String] {
        guard case .mapping(let entries) = node.content else { return [:] }
        var fields: [String: String] = [:]
        for entry in entries {
            switch entry.value.content {
            case .scalar(let text, _): fields[entry.key] = text
            case .sequence(let items):
                fields[entry.key] = items.map { if case .scalar(let text, _) = $0.content { text } else { "" } }.joined(
                    separator: " ")
            case .mapping: break
            }
        }
        return fields
    }

    static func principal(_ fields: [String: String]) -> PrincipalReference? {
        fields["user"].map { PrincipalReference(kind: .user, id: $0) }
            ?? fields["account"].map { PrincipalReference(kind: .serviceAccount, id: $0) }
    }

    static func facts(_ fields: [String: String]) throws -> FlowFacts {
        let start = try #require(fields["start"].flatMap { Timestamp($0) })
        let known: Set<String> = [
            "user", "account", "key", "to", "ip", "protocol", "port", "via", "network", "device", "country", "resource", "rule",
            "outcome", "start", "end", "version", "digest", "lastUse", "lastUses", "email",
        ]
        #expect(Set(fields.keys).subtracting(known) == [])
        return FlowFacts(
            principal: principal(fields), serviceKeyID: fields["key"], destination: fields["to"] ?? "",
            resourceIP: fields["ip"].flatMap { IPAddress(recorded: $0) },
            transport: TransportProtocol(rawValue: fields["protocol"] ?? "tcp"), port: fields["port"].flatMap(UInt16.init),
            connectorID: fields["via"], networkID: fields["network"], deviceID: fields["device"],
            location: fields["country"].map { LocationEvidence(country: $0) }, recordedResourceID: fields["resource"],
            appliedRule: fields["rule"], outcome: try #require(RecordedOutcome(rawValue: fields["outcome"] ?? "allowed")),
            startedAt: start, endedAt: fields["end"].flatMap { Timestamp($0) },
            recordedPolicyVersion: fields["version"].flatMap(Int64.init), recordedPolicyDigest: fields["digest"],
            lastUses: lastUses(fields))
    }

    /// `lastUse` is that of the recorded Resource, `lastUses` has entries `id=time`.
    private static func lastUses(_ fields: [String: String]) -> LastUses {
        var uses = LastUses.none
        for entry in fields["lastUses"]?.split(separator: " ") ?? [] {
            let parts = entry.split(separator: "=")
            if parts.count == 2 { uses.byResource[String(parts[0])] = Timestamp(parts[1]) }
        }
        if let resource = fields["resource"], let time = fields["lastUse"].flatMap({ Timestamp($0) }) { uses.byResource[resource] = time }
        return uses
    }

    static func judged(_ assessment: Assessment) -> [String: String] {
        var got = ["class": assessment.verdictClass.rawValue]
        got["reason"] = assessment.reason?.rawValue
        got["expected"] = assessment.expectedResourceID
        if !assessment.qualifierSet.isEmpty { got["qualifiers"] = assessment.qualifierSet.text }
        got["outlivedMs"] = assessment.outlivedByMs.map(String.init)
        return got
    }

    @Test(arguments: cases("flows.yaml", input: "flow"))
    func flow(_ example: Case) throws {
        let history = try Self.harbour.get()
        let facts = try Self.facts(example.input)
        #expect(Self.judged(history.judge(facts)) == example.want)
    }

    @Test(arguments: cases("requests.yaml", input: "request"))
    func request(_ example: Case) throws {
        let history = try Self.harbour.get()
        let policy = try #require(history.policies.first)
        var fields = example.input
        fields["start"] = fields["at"]
        fields["at"] = nil
        let facts = try Self.facts(fields)
        let selection = EngineOptions.Selection(rawValue: example.options["selection"] ?? "granted")
        let options = EngineOptions(
            selection: try #require(selection), portFallthrough: example.options["portFallthrough"] == "true")
        let verdict = policy.evaluate(facts.request, options: options)
        var got = ["effect": verdict.effect.rawValue, "reason": verdict.reason.rawValue]
        got["resource"] = verdict.resourceID
        if verdict.isAllowed { got["grants"] = verdict.grants.map(\.subject.id).joined(separator: " ") }
        if verdict.isAmbiguous { got["ambiguous"] = "true" }
        #expect(got == example.want)
    }

    @Test func everyClassReasonAndQualifierHasAnExample() {
        let cases = Self.cases("flows.yaml", input: "flow")
        #expect(cases.count > 80)
        #expect(Self.cases("requests.yaml", input: "request").count > 10)
        #expect(Self.cases("refused.yaml", input: "none").count > 20)
        let classes = Set(cases.compactMap { $0.want["class"] })
        #expect(classes == Set(VerdictClass.allCases.map(\.rawValue)))
        let reasons = Set(cases.compactMap { $0.want["reason"] })
        #expect(reasons == Set(ReasonCode.allCases.filter { $0 != .allowed }.map(\.rawValue)))
        let qualifiers = Set(cases.compactMap { $0.want["qualifiers"] }.flatMap { $0.split(separator: ";").map(String.init) })
        #expect(qualifiers == Set(Qualifier.allCases.map(\.rawValue)))
    }

    @Test(arguments: cases("refused.yaml", input: "none"))
    func refused(_ example: Case) throws {
        let document = example.fields["document"] ?? ""
        let error = #expect(throws: PolicyDocumentErrors.self) { try PolicySnapshot.load(Array(document.utf8), file: "p.yaml") }
        #expect(error?.problems.map(\.description) == example.problems)
    }
}
