import AccessPolicy
import FlowModel
import FlowStore
import Foundation
import Ingest
import PolicyDocuments
import Replay
import Testing

/// Connector records made up for a test, ingested into a database of their own.
struct Recording {
    struct Flow {
        var user: String
        var to: String
        var port = 443
        var transport = "tcp"
        var via = "11"
        var resource: String
        var ip: String?
        /// `allowed`, `denied` or `failed`.
        var outcome = "allowed"
        var start: String
        /// When it was closed; nil for a second later.
        var end: String?
        var version: Int?
    }

    var policies: [String]
    var flows: [Flow]

    static func milliseconds(_ text: String) throws -> Int64 { try #require(Timestamp(text)).milliseconds }

    func snapshots() throws -> [PolicySnapshot] {
        try policies.enumerated().map { try PolicySnapshot.load(Array($0.element.utf8), file: "\($0.offset + 1).yaml") }
    }

    /// Calls `body` with the history and the database that holds the flows; with `judged` it holds the policies and verdicts, too.
    func replay(judged: Bool = true, _ body: (PolicyHistory, AuditDatabase) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-recording-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let log = folder.appendingPathComponent("connector.ndjson").path
        try lines().write(toFile: log, atomically: true, encoding: .utf8)
        let snapshots = try snapshots()
        var options = Ingest.Options()
        if judged { options.policies = snapshots }
        let path = folder.appendingPathComponent("audit.db").path
        let report = try Ingest(options: options).run(paths: [log], databasePath: path)
        #expect(report.refusals.isEmpty)
        try body(try PolicyHistory(snapshots: snapshots), try AuditDatabase(path: path, mode: .readOnly))
    }

    /// What replay says of each flow, in the order in which they were given: `class reason qualifiers`.
    func verdicts(_ options: EngineOptions = EngineOptions()) throws -> [String] {
        var said: [Int: String] = [:]
        try replay { history, database in
            _ = try Replay(history: history, options: options).run(database) { flow in
                let number = Int(flow.connectionID?.split(separator: "-").last ?? "") ?? -1
                let assessment = flow.assessment
                let late = assessment.outlivedByMs.map { " \($0)" } ?? ""
                said[number] =
                    [assessment.verdictClass.rawValue, assessment.reason?.rawValue ?? "", assessment.qualifierSet.text]
                    .filter { !$0.isEmpty }.joined(separator: " ") + late
            }
        }
        return flows.indices.map { said[$0] ?? "missing" }
    }

    func lines() throws -> String {
        var lines: [(time: Int64, text: String)] = []
        for (number, flow) in flows.enumerated() {
            let start = try Recording.milliseconds(flow.start)
            let end = try flow.end.map { try Recording.milliseconds($0) } ?? start + 1_000
            let ip = flow.ip ?? (IPAddress(flow.to) == nil ? "10.1.0.9" : flow.to)
            let version = flow.version.map { #","policy":{"version":\#($0)}"# } ?? ""
            func line(_ type: String, _ time: Int64, _ more: String) -> (Int64, String) {
                (
                    time,
                    #"{"event_type":"\#(type)","timestamp":\#(time),"connection":{"id":"c-\#(number)","protocol":"\#(flow.transport)","#
                        + #""client_ip":"203.0.113.1","resource_ip":"\#(ip)","resource_port":\#(flow.port),"started_at":\#(start)\#(more)},"#
                        + #""user":{"id":"\#(flow.user)","email":"user-\#(flow.user)@x.example"},"device":{"id":"9"},"#
                        + #""connector":{"id":"\#(flow.via)","name":"connector-\#(flow.via)"},"remote_network":{"id":"1","name":"Office"},"#
                        + #""resource":{"id":"\#(flow.resource)","address":"\#(flow.to)","applied_rule":""},"relays":[]\#(version)}"#
                )
            }
            switch flow.outcome {
            case "denied": lines.append(line("denied_access", start, #","error_message":"access denied""#))
            case "failed": lines.append(line("failed_to_connect", start, #","error_message":"no route""#))
            default:
                lines.append(line("established_connection", start, ""))
                lines.append(line("closed_connection", end, #","duration_ms":\#(end - start),"rx":1,"tx":1"#))
            }
        }
        return lines.sorted { $0.time < $1.time }.map { $0.text + "\n" }.joined()
    }
}

/// A tenant with one office: engineers (101, 102) and visitors (103).
enum Office {
    static func policy(
        at time: String, version: Int, engineers: [String] = ["101", "102"], states: [String: String] = [:], resources: String
    ) -> String {
        let users = ["101", "102", "103"].map { #"  - {id: "\#($0)", email: user-\#($0)@x.example, state: \#(states[$0] ?? "active")}"# }
        return """
            format: access-policy/1
            effectiveAt: "\(time)"
            version: \(version)
            networks: [{id: "1", name: Office}, {id: "2", name: Annex}]
            connectors: [{id: "11", name: connector-11, network: "1"}, {id: "21", name: connector-21, network: "2"}]
            users:
            \(users.joined(separator: "\n"))
            groups:
              - {id: "201", name: Engineers, members: [\(engineers.map { "\"\($0)\"" }.joined(separator: ", "))]}
              - {id: "202", name: Visitors, members: ["103"]}
            resources:
            \(resources)
            """
    }
}
