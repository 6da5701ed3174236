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

    /// What the filter lets through, as numbers of the dictionaries, so that no name is looked up for a flow; nil lets everything through.
    struct Numbers {
        var origins: Set<Int64>?
        var targets: Set<Int64>?
        /// 0 is the judgement of no policy.
        var judgements: Set<Int64>?

        /// A condition over `edge e`.
        var condition: String {
            let parts = [("e.origin_id", origins), ("e.target_id", targets), ("e.judgement_id", judgements)]
            let clauses = parts.compactMap { column, numbers in
                numbers.map { numbers in
                    let list = numbers.sorted().map { String($0) }.joined(separator: ",")
                    return "\(column) IN (SELECT value FROM json_each('[\(list)]'))"
                }
            }
            return clauses.isEmpty ? "1" : clauses.joined(separator: " AND ")
        }
    }

    func numbers(_ database: Database) throws -> Numbers {
        var origin = DictionarySelection("SELECT origin_id FROM origin")
        origin.add(users.map(FlowFilter.matches), in: ["principal", "principal_id"])
        origin.add(
            groups.map { group in
                ("value IN (SELECT user_id FROM policy_member WHERE ? COLLATE NOCASE IN (\"group\", group_id))", group)
            }, in: ["CASE principal_kind WHEN 1 THEN principal_id END"])
        origin.add(devices.map(FlowFilter.matches), in: ["device"])
        origin.add(clientIPs.map(FlowFilter.matches), in: ["client_ip"])

        var target = DictionarySelection("SELECT target_id FROM target")
        target.add(
            resources.map(FlowFilter.matches), in: ["resource_id", "applied_rule"],
            or: resources.map { name in
                ("value IN (SELECT resource_id FROM policy_resource WHERE resource = ? COLLATE NOCASE)", name)
            }, in: "resource_id")
        target.add(addresses.map(FlowFilter.matches), in: ["address"])
        target.add(connectors.map(FlowFilter.matches), in: ["connector", "connector_id"])
        target.add(networks.map(FlowFilter.matches), in: ["network", "network_id"])
        if !ports.isEmpty { target.clauses.append("port IN (\(ports.map { String($0) }.joined(separator: ", ")))") }

        return try Numbers(
            origins: origin.numbers(database), targets: target.numbers(database), judgements: judgements(database))
    }

    private func judgements(_ database: Database) throws -> Set<Int64>? {
        guard !verdicts.isEmpty else { return nil }
        let matches = verdicts.map(FlowFilter.matches)
        return try Int64.fetchSet(
            database,
            sql: """
                SELECT judgement_id FROM (SELECT judgement_id, class AS value FROM judgement UNION ALL SELECT 0, 'unjudged')
                WHERE \(matches.map(\.condition).joined(separator: " OR "))
                """, arguments: StatementArguments(matches.map(\.argument)))
    }

    /// A condition over a column `value`, with one argument.
    typealias Match = (condition: String, argument: String)

    private static func matches(_ text: String) -> Match {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }) else {
            return ("value = ? COLLATE NOCASE", text)
        }
        return ("lower(value) GLOB lower(?)", glob(text))
    }

    /// `[` has a meaning in SQLite's patterns that users do not expect.
    private static func glob(_ pattern: String) -> String {
        var output = ""
        for character in pattern { output += character == "[" ? "[[]" : String(character) }
        return output
    }
}

/// A selection of a dictionary's rows by what its numbers of texts stand for. The texts are found first, each condition once.
private struct DictionarySelection {
    private let rows: String
    private var texts: [String] = []
    private var arguments: [String] = []
    var clauses: [String] = []

    init(_ rows: String) {
        self.rows = rows
    }

    /// Rows of which some column is one of the matching texts, or `otherColumn` one of `others`; all rows when nothing is asked for.
    mutating func add(
        _ matches: [FlowFilter.Match], in columns: [String], or others: [FlowFilter.Match] = [], in otherColumn: String = ""
    ) {
        guard !matches.isEmpty else { return }
        var alternatives: [String] = []
        for match in matches {
            let name = name(match)
            alternatives += columns.map { "\($0) IN \(name)" }
        }
        for match in others { alternatives.append("\(otherColumn) IN \(name(match))") }
        clauses.append("(" + alternatives.joined(separator: " OR ") + ")")
    }

    private mutating func name(_ match: FlowFilter.Match) -> String {
        let name = "m\(texts.count)"
        texts.append("\(name) AS MATERIALIZED (SELECT text_id FROM text WHERE \(match.condition))")
        arguments.append(match.argument)
        return name
    }

    /// Nil when nothing is asked for.
    func numbers(_ database: Database) throws -> Set<Int64>? {
        guard !clauses.isEmpty else { return nil }
        let with = texts.isEmpty ? "" : "WITH " + texts.joined(separator: ", ") + " "
        return try Int64.fetchSet(
            database, sql: "\(with)\(rows) WHERE \(clauses.joined(separator: " AND "))", arguments: StatementArguments(arguments))
    }
}
