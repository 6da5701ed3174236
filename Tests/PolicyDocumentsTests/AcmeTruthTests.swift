import AccessPolicy
import FlowModel
import Foundation
import Testing

@testable import PolicyDocuments

/// The published example tenant: three exports, six Connector logs, and the expected verdict of every flow.
@Suite struct AcmeTruthTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/samples/acme").path

    private static var isPresent: Bool {
        let found = FileManager.default.fileExists(atPath: directory + "/truth.csv")
        if !found { print("skipped: the example tenant is not beside this package") }
        return found
    }

    private struct Row: Equatable, CustomStringConvertible {
        var id: String
        var text: String
        var description: String { "\(id): \(text)" }
    }

    @Test(.enabled(if: isPresent, "the example tenant must be beside the package"))
    func everyFlowGetsTheExpectedVerdict() throws {
        let history = try PolicyHistory.load(directory: Self.directory + "/policy")
        let flows = try Self.flows()
        var expected: [Row] = []
        var actual: [Row] = []
        let lines = try String(contentsOfFile: Self.directory + "/truth.csv", encoding: .utf8).split(separator: "\n").dropFirst()
        for line in lines {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            let id = fields[0]
            expected.append(Row(id: id, text: fields[1...].joined(separator: ",")))
            let facts = try #require(flows[id])
            let assessment = history.judge(facts)
            let text = [
                String(facts.startedAt.milliseconds), facts.outcome.rawValue, assessment.verdictClass.rawValue,
                assessment.reason?.rawValue ?? "", assessment.expectedResourceID ?? "", assessment.qualifierSet.text,
            ]
            actual.append(Row(id: id, text: text.joined(separator: ",")))
        }
        #expect(expected.count == 247)
        let differences = zip(expected, actual).filter { $0 != $1 }.map { "\($0) got \($1.text)" }
        #expect(differences == [])
    }

    /// The same snapshots through the project's own documents give the same verdicts.
    @Test(.enabled(if: isPresent, "the example tenant must be beside the package"))
    func importedDocumentsSayTheSame() throws {
        let history = try PolicyHistory.load(directory: Self.directory + "/policy")
        for policy in history.policies {
            let yaml = policy.snapshot.yaml()
            let again = try PolicySnapshot.load(Array(yaml.utf8), file: "again.yaml")
            #expect(again == policy.snapshot)
            #expect(again.digest == policy.digest)
            let json = try PolicySnapshot.load(again.canonicalJSON(), file: "again.json")
            #expect(json.canonicalJSON() == again.canonicalJSON())
        }
    }

    private static func flows() throws -> [String: FlowFacts] {
        var flows: [String: FlowFacts] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: directory + "/logs") {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/gzip")
            process.arguments = ["-dc", directory + "/logs/" + name]
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            for line in text.split(separator: "\n") {
                guard let range = line.range(of: "ANALYTICS ") else { continue }
                add(try DocumentNode.read(Array(line[range.upperBound...].utf8), file: name), to: &flows)
            }
        }
        return flows
    }

    private static func add(_ event: DocumentNode, to flows: inout [String: FlowFacts]) {
        func text(_ path: String...) -> String? {
            var node: DocumentNode? = event
            for key in path { node = node?[key] }
            guard case .scalar(let text, _) = node?.content else { return nil }
            return text
        }
        guard let id = text("connection", "id"), let type = text("event_type"), let written = text("timestamp").flatMap(Int64.init)
        else { return }
        let user = text("user", "id")
        let account = text("service_account", "id")
        var facts =
            flows[id]
            ?? FlowFacts(
                principal: user.map { PrincipalReference(kind: .user, id: $0) }
                    ?? account.map { PrincipalReference(kind: .serviceAccount, id: $0) },
                serviceKeyID: text("service_account", "key_id"), destination: text("resource", "address") ?? "",
                resourceIP: text("connection", "resource_ip").flatMap { IPAddress($0) },
                transport: text("connection", "protocol").flatMap(TransportProtocol.init),
                port: text("connection", "resource_port").flatMap(UInt16.init), connectorID: text("connector", "id"),
                networkID: text("remote_network", "id"), deviceID: text("device", "id"),
                recordedResourceID: text("resource", "id"), appliedRule: text("resource", "applied_rule"), outcome: .allowed,
                startedAt: Timestamp(milliseconds: written))
        switch type {
        case "denied_access": facts.outcome = .denied
        case "failed_to_connect": facts.outcome = .failed
        case "closed_connection": facts.endedAt = Timestamp(milliseconds: written)
        default: break
        }
        flows[id] = facts
    }
}
