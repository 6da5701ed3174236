public import FlowModel
internal import GRDB

/// Which flows a question is about. Empty means all.
///
/// Texts compare without regard to ASCII case; a text with `*` or `?` is a pattern. Several values of one kind mean any of them.
public struct FlowFilter: Sendable {
    public var users: [String] = []
    public var groups: [String] = []
    public var resources: [String] = []
    public var addresses: [String] = []
    public var connectors: [String] = []
    public var networks: [String] = []
    public var devices: [String] = []
    public var clientIPs: [String] = []
    public var ports: [UInt16] = []
    public var verdicts: [String] = []
    /// The start is at or after this.
    public var since: Timestamp?
    /// The start is before this.
    public var until: Timestamp?

    public init() {}

    /// Whether nothing but the period is asked for.
    public var isEmpty: Bool {
        [users, groups, resources, addresses, connectors, networks, devices, clientIPs, verdicts].allSatisfy(\.isEmpty)
            && ports.isEmpty
    }

    /// For people, why a result may be empty.
    public var description: String {
        var parts: [String] = []
        func add(_ name: String, _ values: [String]) {
            if !values.isEmpty { parts.append("\(name) \(values.map { "`\($0)`" }.joined(separator: " or "))") }
        }
        add("user", users)
        add("group", groups)
        add("resource", resources)
        add("address", addresses)
        add("connector", connectors)
        add("network", networks)
        add("device", devices)
        add("client-ip", clientIPs)
        add("port", ports.map { String($0) })
        add("verdict", verdicts)
        if let since { parts.append("since \(since)") }
        if let until { parts.append("until \(until)") }
        return parts.joined(separator: ", ")
    }

    /// Which of a flow's dictionaries a condition is about.
    enum Part {
        case origin
        case target
        case judgement
    }

    /// A condition over the columns of the views `flow` and `access`; `timeColumn` bounds the period.
    func condition(timeColumn: String) -> (sql: String, arguments: StatementArguments) {
        var (clauses, arguments) = clauses([.origin, .target, .judgement])
        if let since {
            clauses.append("\(timeColumn) >= ?")
            arguments += [since.milliseconds]
        }
        if let until {
            clauses.append("\(timeColumn) < ?")
            arguments += [until.milliseconds]
        }
        return (clauses.isEmpty ? "1" : clauses.joined(separator: " AND "), arguments)
    }

    private func clauses(_ parts: [Part]) -> (clauses: [String], arguments: StatementArguments) {
        var clauses: [String] = []
        var arguments = StatementArguments()
        func anyOf(_ part: Part, _ values: [String], _ columns: [String], also extra: String? = nil) {
            guard !values.isEmpty, parts.contains(part) else { return }
            var alternatives: [String] = []
            for value in values {
                for column in columns {
                    if value.utf8.contains(where: { $0 == 42 || $0 == 63 }) {
                        alternatives.append("lower(\(column)) GLOB lower(?)")
                        arguments += [FlowFilter.glob(value)]
                    } else {
                        alternatives.append("\(column) = ? COLLATE NOCASE")
                        arguments += [value]
                    }
                }
                if let extra {
                    alternatives.append(extra)
                    arguments += [value]
                }
            }
            clauses.append("(" + alternatives.joined(separator: " OR ") + ")")
        }
        anyOf(.origin, users, ["principal", "principal_id"])
        anyOf(
            .origin, groups, [],
            also: """
                (principal_kind = 'user' AND principal_id IN (
                    SELECT user_id FROM policy_member WHERE ? COLLATE NOCASE IN ("group", group_id)))
                """)
        anyOf(
            .target, resources, ["resource_id", "applied_rule"],
            also: "resource_id IN (SELECT resource_id FROM policy_resource WHERE resource = ? COLLATE NOCASE)")
        anyOf(.target, addresses, ["address"])
        anyOf(.target, connectors, ["connector", "connector_id"])
        anyOf(.target, networks, ["network", "network_id"])
        anyOf(.origin, devices, ["device_id"])
        anyOf(.origin, clientIPs, ["client_ip"])
        anyOf(.judgement, verdicts, ["coalesce(verdict, 'unjudged')"])
        if !ports.isEmpty, parts.contains(.target) {
            clauses.append("port IN (" + ports.map { String($0) }.joined(separator: ", ") + ")")
        }
        return (clauses, arguments)
    }

    /// The numbers in a dictionary that the filter lets through; nil when it asks nothing of it. 0 is the judgement of no policy.
    func numbers(_ part: Part, _ database: Database) throws -> Set<Int64>? {
        let (clauses, arguments) = clauses([part])
        guard !clauses.isEmpty else { return nil }
        let source =
            switch part {
            case .origin: Views.namedOrigins
            case .target: Views.namedTargets
            case .judgement: "SELECT judgement_id AS number, class AS verdict FROM judgement UNION ALL SELECT 0, NULL"
            }
        let sql = "SELECT number FROM (\(source)) WHERE \(clauses.joined(separator: " AND "))"
        return try Set(Int64.fetchAll(database, sql: sql, arguments: arguments))
    }

    /// The same condition over `flow_fact f` and `edge e`, in numbers: no name is looked up for a flow.
    func conditionInNumbers(_ database: Database) throws -> String {
        var clauses: [String] = []
        for (part, column) in [(Part.origin, "e.origin_id"), (.target, "e.target_id"), (.judgement, "e.judgement_id")] {
            guard let numbers = try numbers(part, database) else { continue }
            let list = numbers.sorted().map { String($0) }.joined(separator: ",")
            clauses.append("\(column) IN (SELECT value FROM json_each('[\(list)]'))")
        }
        if let since { clauses.append("f.started_at >= \(since.milliseconds)") }
        if let until { clauses.append("f.started_at < \(until.milliseconds)") }
        return clauses.isEmpty ? "1" : clauses.joined(separator: " AND ")
    }

    /// `[` has a meaning in SQLite's patterns that users do not expect.
    private static func glob(_ pattern: String) -> String {
        var output = ""
        for character in pattern { output += character == "[" ? "[[]" : String(character) }
        return output
    }
}
