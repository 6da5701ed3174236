internal import GRDB
internal import Wording

/// A value of a filter that names nobody and nothing of which the database has ever heard.
public struct UnknownName: Hashable, Sendable {
    /// What it was taken for: `user`, `group`, `resource`, `connector`, `network`, `device`.
    public var kind: String
    public var value: String
    /// What is known that is written much like it.
    public var nearest: String?

    /// One sentence.
    public var description: String {
        "no \(kind) `\(value)` is known here" + (nearest.map { "; the nearest is `\($0)`" } ?? "")
    }
}

/// The names and ids that flows and policies of the database hold. Who asks about another one gets no answer, not the answer "none".
///
/// Addresses, ports and client addresses are no names that somebody gave: nobody was there is an answer about any of them.
public enum KnownNames: String, Sendable, CaseIterable {
    case user
    case group
    case resource
    case connector
    case network
    case device

    /// Statements with one column, `value`.
    private var sources: [String] {
        func texts(_ table: String, _ columns: String...) -> [String] {
            columns.map { "SELECT value FROM text WHERE text_id IN (SELECT \($0) FROM \(table))" }
        }
        func policy(_ list: String, _ fields: String...) -> [String] {
            fields.map { "SELECT item.value ->> '$.\($0)' AS value FROM snapshot, json_each(document, '$.\(list)') item" }
        }
        return switch self {
        case .user:
            texts("client", "principal", "principal_id") + policy("users", "id", "email") + policy("serviceAccounts", "id", "name")
        case .group: policy("groups", "id", "name")
        case .resource: texts("destination", "resource_id", "applied_rule") + policy("resources", "id", "name", "address", "alias")
        case .connector: texts("destination", "connector", "connector_id") + policy("connectors", "id", "name")
        case .network: texts("destination", "network", "network_id") + policy("networks", "id", "name")
        case .device: texts("client", "device") + policy("devices", "id")
        }
    }

    /// Those of the values, names or patterns, that fit nothing. `withAddresses`: a Resource may also be named by an address of its.
    func unknown(_ values: [String], withAddresses: Bool = false, _ database: Database) throws -> [UnknownName] {
        guard !values.isEmpty else { return [] }
        let addresses = "SELECT value FROM text WHERE text_id IN (SELECT address FROM destination)"
        let all = (self == .resource && withAddresses ? sources + [addresses] : sources).joined(separator: " UNION ")
        var found: [UnknownName] = []
        var words: [String]?
        for value in values {
            let match = self == .resource ? HostMatch.condition(value, database) : FlowFilter.matches(value)
            let isKnown = try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM (\(all)) WHERE \(match.condition))", arguments: [match.argument])
            guard isKnown != true else { continue }
            if words == nil {
                words = try String.fetchAll(
                    database, sql: "SELECT CAST(value AS TEXT) FROM (SELECT NULL AS value UNION \(all)) WHERE value IS NOT NULL")
            }
            found.append(UnknownName(kind: rawValue, value: value, nearest: NearestWord.find(value, among: words ?? [])))
        }
        return found
    }

    /// The same, of a database.
    public func unknown(_ values: [String], withAddresses: Bool = false, _ database: AuditDatabase) throws -> [UnknownName] {
        try database.read { try unknown(values, withAddresses: withAddresses, $0) }
    }
}

extension FlowFilter {
    /// Values of the filter that name nobody and nothing here.
    public func unknownNames(_ database: AuditDatabase) throws -> [UnknownName] {
        try database.read { connection in
            try KnownNames.user.unknown(users, connection) + KnownNames.group.unknown(groups, connection)
                + KnownNames.resource.unknown(resources, connection) + KnownNames.connector.unknown(connectors, connection)
                + KnownNames.network.unknown(networks, connection) + KnownNames.device.unknown(devices, connection)
        }
    }
}
