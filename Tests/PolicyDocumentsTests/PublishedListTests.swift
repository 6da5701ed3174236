import AccessPolicy
import FlowModel
import Foundation
import Testing

@testable import PolicyDocuments

/// What docs/ says of documents and codes is what the code does.
@Suite struct PublishedListTests {
    private static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs")

    private static func schema() throws -> [String: Any] {
        let data = try Data(contentsOf: docs.appendingPathComponent("policy.schema.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private static func page() throws -> String {
        try String(contentsOf: docs.appendingPathComponent("policy-model.md"), encoding: .utf8)
    }

    @Test func theSchemaKnowsTheKeysThatTheReaderKnows() throws {
        let schema = try Self.schema()
        let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
        func keys(_ object: [String: Any]?) -> Set<String> {
            #expect(object?["additionalProperties"] as? Bool == false)
            return Set((object?["properties"] as? [String: Any] ?? [:]).keys)
        }
        #expect(keys(schema) == SnapshotDocument.keys)
        let sections: [(String, Set<String>)] = [
            ("network", SnapshotDocument.networkKeys), ("connector", SnapshotDocument.connectorKeys), ("user", SnapshotDocument.userKeys),
            ("group", SnapshotDocument.groupKeys), ("serviceAccount", SnapshotDocument.accountKeys), ("key", SnapshotDocument.keyKeys),
            ("device", SnapshotDocument.deviceKeys), ("securityPolicy", SnapshotDocument.securityPolicyKeys),
            ("resource", SnapshotDocument.resourceKeys), ("grant", SnapshotDocument.edgeKeys), ("test", PolicyTestReader.keys),
        ]
        for (name, known) in sections { #expect(keys(definitions[name]) == known, "\(name)") }
        func inner(_ name: String, _ key: String) -> [String: Any]? {
            (definitions[name]?["properties"] as? [String: Any])?[key] as? [String: Any]
        }
        #expect(keys(inner("resource", "protocols")) == SnapshotDocument.protocolKeys)
        #expect(keys(inner("securityPolicy", "requires")) == SnapshotDocument.requirementKeys)
        func words(_ object: [String: Any]?) -> [String] { (object?["enum"] as? [Any] ?? []).compactMap { $0 as? String } }
        #expect(words(inner("network", "type")) == RemoteNetwork.Kind.allCases.map(\.rawValue))
        #expect(words(inner("user", "state")) == User.State.allCases.map(\.rawValue))
        #expect(words(inner("group", "type")) == Group.Kind.allCases.map(\.rawValue))
        #expect(words(inner("resource", "routing")) == Resource.Routing.allCases.map(\.rawValue))
        #expect(words(inner("test", "reason")) == ReasonCode.allCases.map(\.rawValue))
        let incomplete = (schema["properties"] as? [String: [String: Any]])?["incomplete"]?["items"] as? [String: Any]
        #expect(words(incomplete) == PolicySnapshot.Gaps.names.map(\.name))
    }

    @Test func thePageListsEveryCode() throws {
        let page = try Self.page()
        let codes =
            ReasonCode.allCases.map(\.rawValue) + VerdictClass.allCases.map(\.rawValue) + Qualifier.allCases.map(\.rawValue)
            + PolicyWarning.Code.allCases.map(\.rawValue) + PolicySnapshot.Gaps.names.map(\.name)
        for code in codes { #expect(page.contains("`\(code)`"), "\(code)") }
        for key in SnapshotDocument.keys.union(SnapshotDocument.resourceKeys).union(PolicyTestReader.keys) {
            #expect(page.contains("`\(key)`"), "\(key)")
        }
    }

    @Test func thePagesExampleIsAValidDocumentWhoseTestsPass() throws {
        let page = try Self.page()
        let block = try #require(page.components(separatedBy: "```yaml\n").dropFirst().first?.components(separatedBy: "```").first)
        let document = try PolicyDocument(Array(block.utf8), file: "example.yaml")
        let policy = CompiledPolicy(document.snapshot)
        #expect(document.tests.count == 2)
        for test in document.tests { #expect(test.run(policy).differences == []) }
        #expect(page.contains("Its digest is `\(policy.digest)`"))
    }
}
