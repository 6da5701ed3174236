internal import FlowModel
internal import GRDB

/// The keys of a question about accesses: for each the number that an aggregate has, and what the number stands for.
struct AccessKeys {
    /// What a key's number means, to show and to order it.
    private enum Meaning {
        case text
        case principal
        case connector
        case network
        case group
        case word
        case number
    }

    /// Where the value of a key comes from: which number of an aggregate, looked up in which list.
    private struct Source {
        enum Place {
            case client
            case destination
            case assessment
            case outcome
            case hour
            case day
            case group
        }
        var place: Place
        var list: [Int64] = []
        var meaning: Meaning
    }

    /// Absent values.
    static let none = Int64.min
    /// The number of the group of a user at a time for which no policy is known, and the word for it.
    private static let unknown: Int64 = -1
    static let unknownGroup = "unknown"

    private let database: Database
    /// Which group a user is in, and when; nil when nobody asks for groups.
    let groups: GroupTimes?
    /// Names that several groups bear, or that is also the word for not knowing.
    private let sharedGroupNames: Set<String>
    private var sources: [Source] = []
    /// Of the principals, Connectors and networks that are asked for.
    private var identities: [Meaning: IdentityNames] = [:]
    /// Texts that are no names of the dictionaries: reasons, verdicts and outcomes.
    private var words: [String] = []

    /// - Parameter groups: when a filter asks for them already.
    init(_ keys: [AccessQuestion.Key], groups: GroupTimes?, _ database: Database) throws {
        self.database = database
        self.groups = try groups ?? (keys.contains(.group) ? GroupTimes(database) : nil)
        var seen: Set<String> = []
        let names = self.groups?.groups.map(\.name) ?? []
        sharedGroupNames = Set(names.filter { !seen.insert($0).inserted }).union([AccessKeys.unknownGroup])
        for key in keys { sources.append(try source(of: key)) }
    }

    var count: Int { sources.count }

    /// The place of the key whose value is a group, of which a user may have several.
    var groupKey: Int? { sources.firstIndex { $0.place == .group } }

    // MARK: Reading the dictionaries, as flat lists by number

    /// A list of a column's numbers, by the number of the row; `none` where there is no row.
    private func list(_ sql: String, last table: String, id: String) throws -> [Int64] {
        let last = try Int64.fetchOne(database, sql: "SELECT coalesce(max(\(id)), 0) FROM \(table)") ?? 0
        var list = [Int64](repeating: AccessKeys.none, count: Int(clamping: last) + 1)
        let statement = try RawStatement(database, sql)
        while try statement.step() {
            let number = Int(clamping: statement.integer(0))
            if list.indices.contains(number) { list[number] = statement.isNull(1) ? AccessKeys.none : statement.integer(1) }
        }
        statement.reset()
        return list
    }

    /// The user of each client; of those that are no users, none.
    func users() throws -> [Int64] { try ofClients("CASE principal_kind WHEN 1 THEN principal_id END") }

    private func ofClients(_ expression: String) throws -> [Int64] {
        try list("SELECT client_id, nullif(\(expression), 0) FROM client", last: "client", id: "client_id")
    }

    private func ofDestinations(_ expression: String) throws -> [Int64] {
        try list("SELECT destination_id, \(expression) FROM destination", last: "destination", id: "destination_id")
    }

    private mutating func ofAssessments(_ column: String, none: String?) throws -> [Int64] {
        var list = [Int64](repeating: AccessKeys.none, count: 1)
        if let none { list[0] = word(none) }
        for row in try Row.fetchAll(database, sql: "SELECT assessment_id, nullif(\(column), '') FROM assessment ORDER BY 1") {
            while Int64(list.count) <= row[0] { list.append(AccessKeys.none) }
            list[Int(clamping: row[0] as Int64)] = (row[1] as String?).map { word($0) } ?? AccessKeys.none
        }
        return list
    }

    private mutating func word(_ text: String) -> Int64 {
        if let known = words.firstIndex(of: text) { return Int64(known) }
        words.append(text)
        return Int64(words.count - 1)
    }

    private mutating func names(_ meaning: Meaning) throws -> [Int64] {
        let columns: IdentityNames.Columns =
            switch meaning {
            case .connector: .connector
            case .network: .network
            default: .principal
            }
        let found = try IdentityNames(database, columns, none: AccessKeys.none)
        identities[meaning] = found
        return found.list
    }

    private mutating func source(of key: AccessQuestion.Key) throws -> Source {
        switch key {
        case .user: Source(place: .client, list: try names(.principal), meaning: .principal)
        case .userID: Source(place: .client, list: try ofClients("principal_id"), meaning: .text)
        case .device: Source(place: .client, list: try ofClients("device"), meaning: .text)
        case .clientIP: Source(place: .client, list: try ofClients("client_ip"), meaning: .text)
        case .group: Source(place: .group, list: try users(), meaning: .group)
        case .resource: Source(place: .destination, list: try ofDestinations("nullif(resource_id, 0)"), meaning: .text)
        case .address: Source(place: .destination, list: try ofDestinations("nullif(address, 0)"), meaning: .text)
        case .connector: Source(place: .destination, list: try names(.connector), meaning: .connector)
        case .connectorID: Source(place: .destination, list: try ofDestinations("nullif(connector_id, 0)"), meaning: .text)
        case .network: Source(place: .destination, list: try names(.network), meaning: .network)
        case .networkID: Source(place: .destination, list: try ofDestinations("nullif(network_id, 0)"), meaning: .text)
        case .port: Source(place: .destination, list: try ofDestinations("nullif(port, -1)"), meaning: .number)
        case .verdict: Source(place: .assessment, list: try ofAssessments("class", none: FlowFilter.unjudged), meaning: .word)
        case .reason: Source(place: .assessment, list: try ofAssessments("reason", none: nil), meaning: .word)
        case .outcome:
            Source(
                place: .outcome, list: [AccessKeys.none, word("denied"), word("failed"), word("allowed")], meaning: .word)
        case .hour: Source(place: .hour, meaning: .number)
        case .day: Source(place: .day, meaning: .number)
        }
    }

    // MARK: Numbers

    /// Puts the keys of a part down one behind the other; in place of a group stands its user.
    @inline(__always)
    func write(_ part: AggregatePart, to key: UnsafeMutablePointer<Int64>) {
        for index in sources.indices {
            key[index] =
                switch sources[index].place {
                case .client, .group: AccessKeys.value(sources[index].list, part.client)
                case .destination: AccessKeys.value(sources[index].list, part.destination)
                case .assessment: AccessKeys.value(sources[index].list, part.assessment)
                case .outcome: AccessKeys.value(sources[index].list, part.outcome)
                case .hour: part.hour
                case .day: part.hour &- ((part.hour % 86_400_000) + 86_400_000) % 86_400_000
                }
        }
    }

    @inline(__always)
    private static func value(_ list: [Int64], _ number: Int64) -> Int64 {
        number >= 0 && number < list.count ? list[Int(number)] : none
    }

    /// The groups that a user is in all the time of a part; one that stands for none, or for not knowing.
    func groups(of user: Int64, _ part: AggregatePart) -> [Int64] {
        guard user != AccessKeys.none else { return [AccessKeys.none] }
        guard let groups, !groups.changes(of: user, from: part.first, through: part.last),
            let own = groups.groups(of: user, at: part.first)
        else { return [AccessKeys.unknown] }
        return own.isEmpty ? [AccessKeys.none] : own
    }

    // MARK: Values

    /// What the number of a key is shown as. `text`: gives the text of a number.
    func stored(_ value: Int64, of index: Int, _ text: (Int64) throws -> String) rethrows -> StoredValue {
        if value == AccessKeys.none { return .null }
        let meaning = sources[index].meaning
        switch meaning {
        case .text: return .text(try text(value))
        case .principal, .connector, .network: return .text(try identities[meaning]?.label(value, text) ?? "")
        case .group: return .text(groupLabel(value))
        case .word: return .text(words[Int(value)])
        case .number: return .integer(value)
        }
    }

    private func groupLabel(_ number: Int64) -> String {
        guard let groups, number != AccessKeys.unknown else { return AccessKeys.unknownGroup }
        let group = groups.groups[Int(number)]
        return sharedGroupNames.contains(group.name) ? "\(group.name) (\(group.id))" : group.name
    }
}
