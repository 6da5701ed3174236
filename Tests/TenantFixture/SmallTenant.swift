import AccessPolicy
import FlowModel
package import FlowStore
package import Foundation
import Ingest
import PolicyDocuments

/// A tenant of two people, two Connectors and three Resources, whose records are ingested into a database of the test's own.
package final class SmallTenant {
    package static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    package static var libraryRoot: String { checkout.appendingPathComponent("Queries").path }

    /// 2026-10-08T06:00:00Z: the policy takes effect an hour before.
    package static let start: Int64 = 1_791_439_200_000

    package static let policy = """
        format: access-policy/1
        effectiveAt: 2026-10-08T05:00:00Z
        version: 1
        networks: [{id: "1", name: Office}, {id: "2", name: Cloud}]
        connectors: [{id: "11", name: otter, network: "1"}, {id: "12", name: heron, network: "2"}]
        users:
          - {id: "21", email: ann@example.com}
          - {id: "22", email: bob@example.com, state: disabled}
        groups: [{id: "31", name: Staff, members: ["21", "22"]}]
        resources:
          - {id: "41", name: Database, address: db.example.internal, network: "1", access: [{group: "31"}]}
          - {id: "42", name: Mail, address: mail.example.com, network: "1", routing: bypass, access: [{group: "31"}]}
          - {id: "43", name: Wiki, address: wiki.example.internal, network: "2", access: [{group: "31"}]}
        """

    package struct Flow {
        package var at: Int64
        package var user: String
        package var email: String
        package var resource: String
        package var address: String
        package var connector: String
        package var network: String
        package var denied: Bool
        package var seconds: Int64?

        package init(
            at: Int64, user: String = "21", email: String = "ann@example.com", resource: String = "41",
            address: String = "db.example.internal", connector: String = "11", network: String = "1", denied: Bool = false,
            seconds: Int64? = 60
        ) {
            self.at = at
            self.user = user
            self.email = email
            self.resource = resource
            self.address = address
            self.connector = connector
            self.network = network
            self.denied = denied
            self.seconds = seconds
        }
    }

    package let folder: URL
    package var databasePath: String { folder.appendingPathComponent("audit.db").path }

    package init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("small-tenant-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Ingests flows as one log; the policy as well unless told otherwise.
    @discardableResult
    package func ingest(_ flows: [Flow], as name: String = "connector.log", policy: Bool = true) throws -> AuditDatabase {
        var lines: [String] = []
        for (index, flow) in flows.enumerated() {
            let id = "\(name)-\(index)"
            let head = flow.denied ? "denied_access" : "established_connection"
            lines.append(SmallTenant.event(head, flow, id, at: flow.at, extra: ""))
            if !flow.denied, let seconds = flow.seconds {
                lines.append(
                    SmallTenant.event(
                        "closed_connection", flow, id, at: flow.at + seconds * 1_000,
                        extra: ",\"rx\":2000,\"tx\":500,\"duration\":\(seconds * 1_000)"))
            }
        }
        let log = folder.appendingPathComponent(name)
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: log)
        var options = Ingest.Options()
        options.now = Timestamp(milliseconds: SmallTenant.start)
        options.durationUnit = .milliseconds
        if policy { options.policies = [try PolicySnapshot.load(Array(SmallTenant.policy.utf8), file: "policy.yaml")] }
        _ = try Ingest(options: options).run(paths: [log.path], databasePath: databasePath)
        return try AuditDatabase(path: databasePath, mode: .readOnly)
    }

    private static func event(_ type: String, _ flow: Flow, _ id: String, at: Int64, extra: String) -> String {
        """
        {"event_type":"\(type)","timestamp":\(at),"connection":{"id":"\(id)","protocol":"tcp","client_ip":"198.51.100.7",\
        "resource_ip":"10.0.0.5","resource_port":5432\(extra)},"user":{"id":"\(flow.user)","email":"\(flow.email)"},\
        "device":{"id":"51"},"connector":{"id":"\(flow.connector)","name":"c\(flow.connector)"},\
        "remote_network":{"id":"\(flow.network)","name":"n\(flow.network)"},"resource":{"id":"\(flow.resource)",\
        "address":"\(flow.address)","applied_rule":"\(flow.address)"},"relays":[]}
        """
    }

    /// One of each: rightful, disabled user, bypass, wrong network, refused.
    package static var mixed: [Flow] {
        [
            Flow(at: start),
            Flow(at: start + 60_000, user: "22", email: "bob@example.com"),
            Flow(at: start + 120_000, resource: "42", address: "mail.example.com"),
            Flow(at: start + 180_000, resource: "43", address: "wiki.example.internal"),
            Flow(at: start + 240_000, resource: "", address: "unknown.example.org", denied: true),
            Flow(at: start + 300_000, connector: "99", network: "9"),
        ]
    }
}
