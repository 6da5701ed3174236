import FlowModel
import Foundation
import Testing

@testable import PolicyDocuments

/// The cases of the conformance suite as what Connectors would have written: their answers were derived by hand from the rules, so that
/// here the whole way from a log line to a verdict is held against the word of people, not of this engine.
struct JudgedRecordTests {
    static let directory = Folder.checkout.appendingPathComponent("Tests/ConformanceTests/policy")

    struct Case {
        var note: String
        var flow: [String: String]
        var want: [String: String]
    }

    static func cases() throws -> [Case] {
        let file = directory.appendingPathComponent("flows.yaml").path
        guard case .sequence(let items) = try DocumentNode.read(try PolicyFile.read(file), file: file).content else { return [] }
        return items.map { Case(note: fields($0)["note"] ?? "", flow: fields($0["flow"]), want: fields($0["want"])) }
    }

    private static func fields(_ node: DocumentNode?) -> [String: String] {
        guard case .mapping(let entries) = node?.content else { return [:] }
        var fields: [String: String] = [:]
        for entry in entries {
            if case .scalar(let text, _) = entry.value.content { fields[entry.key] = text } else { fields[entry.key] = "" }
        }
        return fields
    }

    private static func milliseconds(_ text: String?) throws -> Int64 {
        let time = try #require(text.flatMap { Timestamp($0) })
        return time.milliseconds
    }

    /// The lines of one flow; nothing that its case does not give is written.
    private static func lines(_ number: Int, _ flow: [String: String]) throws -> [(Int64, String)] {
        func object(_ fields: [(String, String?)], numbers: [(String, Int64?)] = []) -> String? {
            let texts = fields.compactMap { key, value in value.map { "\"\(key)\":\"\($0)\"" } }
            let all = texts + numbers.compactMap { key, value in value.map { "\"\(key)\":\($0)" } }
            return all.isEmpty ? nil : "{" + all.joined(separator: ",") + "}"
        }
        let start = try milliseconds(flow["start"])
        let transport = flow["protocol"] ?? "tcp"
        let members: [(String, String?)] = [
            ("user", object([("id", flow["user"]), ("email", flow["email"])])),
            ("service_account", object([("id", flow["account"]), ("key_id", flow["key"])])),
            ("device", object([("id", flow["device"])])), ("connector", object([("id", flow["via"])])),
            ("remote_network", object([("id", flow["network"])])),
            ("resource", object([("address", flow["to"]), ("id", flow["resource"]), ("applied_rule", flow["rule"])])),
            ("policy", object([("digest", flow["digest"])], numbers: [("version", flow["version"].flatMap(Int64.init))])),
            ("location", flow["country"].map { "\"{\\\"geoip\\\":{\\\"country\\\":\\\"\($0)\\\"}}\"" }),
        ]
        let rest = members.compactMap { key, value in value.map { ",\"\(key)\":\($0)" } }.joined()
        func line(_ type: String, _ time: Int64, _ numbers: [(String, Int64?)]) -> (Int64, String) {
            let connection = object(
                [("id", "case-\(number)"), ("protocol", transport == "unknown" ? nil : transport), ("resource_ip", flow["ip"])],
                numbers: [("resource_port", flow["port"].flatMap(Int64.init))] + numbers)
            return (time, "{\"event_type\":\"\(type)\",\"timestamp\":\(time),\"connection\":\(connection ?? "{}")\(rest)}\n")
        }
        switch flow["outcome"] {
        case "denied": return [line("denied_access", start, [])]
        case "failed": return [line("failed_to_connect", start, [])]
        default:
            let opened = line("established_connection", start, [])
            guard flow["end"] != nil else { return [opened] }
            let end = try milliseconds(flow["end"])
            return [opened, line("closed_connection", end, [("started_at", start), ("duration_ms", end - start)])]
        }
    }

    @Test("every recorded case gets the verdict that was derived by hand")
    func verdicts() throws {
        // Earlier use is a matter of earlier records, which `TimeWalkTests` have; a resolved address with a zone is set aside by ingest.
        let cases = try Self.cases().filter {
            $0.flow["lastUse"] == nil && $0.flow["lastUses"] == nil && $0.flow["ip"]?.contains("%") != true
        }
        #expect(cases.count > 100)
        let folder = try Folder()
        // Each in a file of its own: no record may say anything about another one.
        for (number, example) in cases.enumerated() {
            let lines = try Self.lines(number, example.flow).sorted { $0.0 < $1.0 }.map(\.1).joined()
            try folder.write("logs/\(number).ndjson", lines)
        }
        let replayed = try Program.audit(
            "replay", "logs", "--policy", Self.directory.appendingPathComponent("harbour").path, "--flows", "--format", "csv", in: folder)
        #expect(replayed.status == 1)
        let rows = replayed.output.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let header = try #require(rows.first)
        var got: [String: [String]] = [:]
        for row in rows.dropFirst() {
            let fields = Dictionary(zip(header, row), uniquingKeysWith: { first, _ in first })
            got[fields["connection_id"] ?? ""] =
                ["class", "reason", "expected_resource", "qualifiers", "outlived_ms"].map { fields[$0] ?? "" }
        }
        #expect(got.count == cases.count)
        var differences: [String] = []
        for (number, example) in cases.enumerated() {
            let want = ["class", "reason", "expected", "qualifiers", "outlivedMs"].map { example.want[$0] ?? "" }
            let found = got["case-\(number)"]
            if found != want { differences.append("\(example.note): want \(want), got \(found ?? ["nothing"])") }
        }
        #expect(differences == [])
    }
}
