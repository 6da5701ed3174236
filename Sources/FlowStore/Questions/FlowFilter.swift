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

    /// The word for the verdict that nobody gave.
    public static let unjudged = "unjudged"

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
        var clients: Set<Int64>?
        var destinations: Set<Int64>?
        /// 0 is the assessment of no policy.
        var assessments: Set<Int64>?
        /// Groups of which the flow's user must be a member when it begins; `clients` has who was one at some time.
        var members: (times: GroupTimes, wanted: Set<Int64>)?

        /// Whether the flows of a part were begun by a member, all or some; `users`: the user of each client.
        func isMember(_ part: AggregatePart, _ users: [Int64]) -> Bool {
            guard let members else { return true }
            guard part.client >= 0, part.client < users.count else { return false }
            let user = users[Int(part.client)]
            return members.times.isMember(user, ofAny: members.wanted, at: part.first)
                || (part.first < part.last && members.times.isMember(user, ofAny: members.wanted, at: part.last))
        }

        /// A condition over `aggregate e`.
        var condition: String {
            let parts = [("e.client_id", clients), ("e.destination_id", destinations), ("e.assessment_id", assessments)]
            let clauses = parts.compactMap { column, numbers in
                numbers.map { numbers in
                    let list = numbers.sorted().map { String($0) }.joined(separator: ",")
                    return "\(column) IN (SELECT value FROM json_each('[\(list)]'))"
                }
            }
            return clauses.isEmpty ? "1" : clauses.joined(separator: " AND ")
        }
    }

    /// Flows of users that the filter lets through but for its groups, and of which it is not known in which groups they were: no policy is
    /// known for their time.
    public func flowsWithoutGroups(_ database: AuditDatabase) throws -> Int64 {
        var question = AccessQuestion()
        question.filter = self
        question.filter.groups = []
        question.keys = [.group]
        var flows: Int64 = 0
        try question.ask(database) { answer in
            try answer.forEach { row in
                if row.first == .text(AccessKeys.unknownGroup), row.count > 1, case .integer(let count) = row[1] { flows = count }
            }
        }
        return flows
    }

    func numbers(_ database: Database) throws -> Numbers {
        var client = DictionarySelection("SELECT client_id FROM client")
        client.add(users.map(FlowFilter.matches), id: "principal_id", name: "principal", of: "client", kind: "principal_kind")
        var members: (times: GroupTimes, wanted: Set<Int64>)?
        if !groups.isEmpty {
            let times = try GroupTimes(database)
            let wanted = try wanted(times, database)
            members = (times, wanted)
            let list = times.users(ofAny: wanted).sorted().map { String($0) }.joined(separator: ",")
            client.clauses.append("principal_kind = 1 AND principal_id IN (SELECT value FROM json_each('[\(list)]'))")
        }
        client.add(devices.map(FlowFilter.matches), in: ["device"])
        client.add(clientIPs.map { HostMatch.condition($0, database) }, in: ["client_ip"])

        var destination = DictionarySelection("SELECT destination_id FROM destination")
        destination.add(
            resources.map { HostMatch.condition($0, database) }, in: ["resource_id", "applied_rule"],
            or: resources.map(FlowFilter.matches).map { match in
                let named = "SELECT resource_id FROM (SELECT resource_id, resource AS value FROM policy_resource)"
                return ("value IN (\(named) WHERE \(match.condition))", match.argument)
            }, in: "resource_id")
        destination.add(addresses.map { HostMatch.condition($0, database) }, in: ["address"])
        destination.add(connectors.map(FlowFilter.matches), id: "connector_id", name: "connector", of: "destination")
        destination.add(networks.map(FlowFilter.matches), id: "network_id", name: "network", of: "destination")
        if !ports.isEmpty { destination.clauses.append("port IN (\(ports.map { String($0) }.joined(separator: ", ")))") }

        return try Numbers(
            clients: client.numbers(database), destinations: destination.numbers(database), assessments: assessments(database),
            members: members)
    }

    /// Places of the groups that are asked for, by id or by their name as of then.
    private func wanted(_ times: GroupTimes, _ database: Database) throws -> Set<Int64> {
        let match = groups.map(FlowFilter.matches)
        let select = try database.makeStatement(
            sql: "SELECT 1 FROM (SELECT ? AS value) WHERE \(match.map(\.condition).joined(separator: " OR "))")
        var wanted: Set<Int64> = []
        for (place, group) in times.groups.enumerated() {
            for text in [group.id, group.name]
            where try Int.fetchOne(select, arguments: StatementArguments([text] + match.map(\.argument))) != nil {
                wanted.insert(Int64(place))
            }
        }
        return wanted
    }

    private func assessments(_ database: Database) throws -> Set<Int64>? {
        guard !verdicts.isEmpty else { return nil }
        let matches = verdicts.map(FlowFilter.matches)
        return try Int64.fetchSet(
            database,
            sql: """
                SELECT assessment_id FROM (SELECT assessment_id, class AS value FROM assessment UNION ALL SELECT 0, '\(FlowFilter.unjudged)')
                WHERE \(matches.map(\.condition).joined(separator: " OR "))
                """, arguments: StatementArguments(matches.map(\.argument)))
    }

    /// A condition over a column `value`, with one argument.
    typealias Match = (condition: String, argument: String)

    static func isPattern(_ text: String) -> Bool {
        text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    }

    static func matches(_ text: String) -> Match {
        guard isPattern(text) else { return ("value = ? COLLATE NOCASE", text) }
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

    /// Rows whose id or name matches, or whose id came with such a name in some other row: ids decide who is meant.
    mutating func add(_ matches: [FlowFilter.Match], id: String, name column: String, of table: String, kind: String = "0") {
        guard !matches.isEmpty else { return }
        let alternatives = matches.map { match in
            let name = name(match)
            return """
                \(id) IN \(name) OR \(column) IN \(name) OR (\(id) <> 0 AND (\(kind), \(id)) IN (
                    SELECT \(kind), \(id) FROM \(table) WHERE \(column) IN \(name)))
                """
        }
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
