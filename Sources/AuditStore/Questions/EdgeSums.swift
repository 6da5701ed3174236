internal import FlowModel
internal import GRDB

/// Sums up the roll-up by any of its keys: by numbers first, of which there are few kinds, and names only for what is shown.
///
/// Time and memory grow with edges, or with edges and hours where a period or hours are asked for; never with flows.
struct EdgeSums {
    private let question: AccessQuestion
    private let database: Database
    /// Groups of each user id's text, and the names of groups; empty when nobody asks for groups.
    private var groups: [Int64: [Int64]] = [:]
    private var groupNames: [String] = []
    /// Texts that are no names of the dictionaries: reasons, verdicts and outcomes.
    private var words: [String] = []

    private struct Sum {
        var flows: Int64 = 0
        var denied: Int64 = 0
        var failed: Int64 = 0
        var bytesReceived: Int64 = 0
        var bytesTransferred: Int64 = 0
        var first = Int64.max
        var last = Int64.min
    }

    /// What a key of a group means, to show and to order it.
    private enum Meaning {
        case text
        case group
        case word
        case number
    }

    /// Absent values.
    private static let none = Int64.min

    init(_ question: AccessQuestion, _ database: Database) throws {
        self.question = question
        self.database = database
        if question.keys.contains(.group) { try readGroups() }
    }

    private mutating func readGroups() throws {
        var numbers: [String: Int64] = [:]
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT DISTINCT text.text_id, "group" FROM policy_member JOIN text ON text.value = user_id ORDER BY 1, 2
                """)
        while let row = try rows.next() {
            let name: String = row[1]
            let number = numbers[name] ?? Int64(groupNames.count)
            if numbers[name] == nil {
                numbers[name] = number
                groupNames.append(name)
            }
            groups[row[0], default: []].append(number)
        }
    }

    // MARK: Dictionaries as flat lists, by number

    /// A list of a column's numbers, by the number of the row; `none` where there is no row.
    private func list(_ sql: String, last table: String, id: String) throws -> [Int64] {
        let last = try Int64.fetchOne(database, sql: "SELECT coalesce(max(\(id)), 0) FROM \(table)") ?? 0
        var list = [Int64](repeating: EdgeSums.none, count: Int(clamping: last) + 1)
        let statement = try RawStatement(database, sql)
        while try statement.step() {
            let number = Int(clamping: statement.integer(0))
            if list.indices.contains(number) { list[number] = statement.isNull(1) ? EdgeSums.none : statement.integer(1) }
        }
        statement.reset()
        return list
    }

    private func ofOrigins(_ expression: String) throws -> [Int64] {
        try list("SELECT origin_id, nullif(\(expression), 0) FROM origin", last: "origin", id: "origin_id")
    }

    private func ofTargets(_ expression: String) throws -> [Int64] {
        try list("SELECT target_id, \(expression) FROM target", last: "target", id: "target_id")
    }

    private mutating func ofJudgements(_ column: String, none: String?) throws -> [Int64] {
        var list = [Int64](repeating: EdgeSums.none, count: 1)
        if let none { list[0] = word(none) }
        for row in try Row.fetchAll(database, sql: "SELECT judgement_id, nullif(\(column), '') FROM judgement ORDER BY 1") {
            while Int64(list.count) <= row[0] { list.append(EdgeSums.none) }
            list[Int(clamping: row[0] as Int64)] = (row[1] as String?).map { word($0) } ?? EdgeSums.none
        }
        return list
    }

    private mutating func word(_ text: String) -> Int64 {
        if let known = words.firstIndex(of: text) { return Int64(known) }
        words.append(text)
        return Int64(words.count - 1)
    }

    // MARK: Summing up

    /// Where the value of a key comes from: which number of an edge, looked up in which list.
    private struct Source {
        enum Place {
            case origin
            case target
            case judgement
            case outcome
            case hour
            case day
            case group
        }
        var place: Place
        var list: [Int64] = []
        var meaning: Meaning
    }

    private mutating func readSources() throws -> [Source] {
        let outcomes = [EdgeSums.none, word("denied"), word("failed"), word("allowed")]
        return try question.keys.map { key in
            switch key {
            case .user:
                Source(
                    place: .origin, list: try ofOrigins("CASE principal WHEN 0 THEN principal_id ELSE principal END"), meaning: .text)
            case .device: Source(place: .origin, list: try ofOrigins("device"), meaning: .text)
            case .clientIP: Source(place: .origin, list: try ofOrigins("client_ip"), meaning: .text)
            case .group:
                Source(
                    place: .group, list: try ofOrigins("CASE principal_kind WHEN 1 THEN principal_id END"), meaning: .group)
            case .resource: Source(place: .target, list: try ofTargets("nullif(resource_id, 0)"), meaning: .text)
            case .address: Source(place: .target, list: try ofTargets("nullif(address, 0)"), meaning: .text)
            case .connector:
                Source(
                    place: .target, list: try ofTargets("nullif(CASE connector WHEN 0 THEN connector_id ELSE connector END, 0)"),
                    meaning: .text)
            case .network:
                Source(
                    place: .target, list: try ofTargets("nullif(CASE network WHEN 0 THEN network_id ELSE network END, 0)"),
                    meaning: .text)
            case .port: Source(place: .target, list: try ofTargets("nullif(port, -1)"), meaning: .number)
            case .verdict: Source(place: .judgement, list: try ofJudgements("class", none: "unjudged"), meaning: .word)
            case .reason: Source(place: .judgement, list: try ofJudgements("reason", none: nil), meaning: .word)
            case .outcome: Source(place: .outcome, list: outcomes, meaning: .word)
            case .hour: Source(place: .hour, meaning: .number)
            case .day: Source(place: .day, meaning: .number)
            }
        }
    }

    /// An edge, or one of its hours.
    private struct Part {
        /// Milliseconds; 0 when nobody asks.
        var hour: Int64 = 0
        var origin: Int64
        var target: Int64
        var outcome: Int64
        var judgement: Int64
        var flows: Int64
        var bytesReceived: Int64
        var bytesTransferred: Int64
        var first: Int64
        var last: Int64
    }

    private var isByHour: Bool {
        question.keys.contains(.hour) || question.keys.contains(.day) || question.filter.since != nil || question.filter.until != nil
    }

    @inline(__always)
    private func forEachPart(_ body: (Part) -> Void) throws {
        guard isByHour else {
            return try EdgePages.forEach(database) { page in
                page.withColumns { values in
                    func value(_ column: EdgePage.Column, _ place: Int) -> Int64 { values[column.rawValue * EdgePage.edges + place] }
                    for place in 0..<EdgePage.edges where value(.flows, place) > 0 {
                        body(
                            Part(
                                origin: value(.origin, place), target: value(.target, place), outcome: value(.outcome, place),
                                judgement: value(.judgement, place), flows: value(.flows, place),
                                bytesReceived: value(.bytesReceived, place), bytesTransferred: value(.bytesTransferred, place),
                                first: value(.firstAt, place), last: value(.lastAt, place)))
                    }
                }
            }
        }
        let hourMs = EdgeRollup.hourMs
        let hours = try RawStatement(
            database,
            """
            SELECT hour * \(hourMs), origin_id, target_id, outcome, judgement_id, flows, bytes_received, bytes_transferred,
                hour * \(hourMs) + first_ms, hour * \(hourMs) + last_ms
            FROM edge_hour h CROSS JOIN edge e ON e.edge_id = h.edge_id
            WHERE hour >= ? AND hour < ?
            """)
        hours.bind(1, question.filter.since.map { EdgeRollup.hour(of: $0.milliseconds) } ?? .min)
        hours.bind(2, question.filter.until.map { EdgeRollup.hour(of: $0.milliseconds) } ?? .max)
        defer { hours.reset() }
        while try hours.step() {
            body(
                Part(
                    hour: hours.integer(0), origin: hours.integer(1), target: hours.integer(2), outcome: hours.integer(3),
                    judgement: hours.integer(4), flows: hours.integer(5), bytesReceived: hours.integer(6),
                    bytesTransferred: hours.integer(7), first: hours.integer(8), last: hours.integer(9)))
        }
    }

    mutating func answer() throws -> Answer {
        let sources = try readSources()
        let table = KeyTable(width: sources.count)
        let sums = try sum(sources, table)
        return try show(sources, table, sums)
    }

    private func sum(_ sources: [Source], _ table: KeyTable) throws -> [Sum] {
        let origins = try question.filter.numbers(.origin, database).map(NumberSet.init)
        let targets = try question.filter.numbers(.target, database).map(NumberSet.init)
        let judgements = try question.filter.numbers(.judgement, database).map(NumberSet.init)
        let groupKey = sources.firstIndex { $0.place == .group }
        var sums: [Sum] = []
        let key = UnsafeMutablePointer<Int64>.allocate(capacity: sources.count)
        defer { key.deallocate() }
        func add(_ part: Part) {
            let place: Int
            if let known = table.place(key) {
                place = known
            } else {
                place = table.insert(key, 0)
                sums.append(Sum())
            }
            sums.withUnsafeMutableBufferPointer { sums in
                sums[place].flows += part.flows
                if part.outcome == 1 { sums[place].denied += part.flows }
                if part.outcome == 2 { sums[place].failed += part.flows }
                sums[place].bytesReceived &+= part.bytesReceived
                sums[place].bytesTransferred &+= part.bytesTransferred
                sums[place].first = min(sums[place].first, part.first)
                sums[place].last = max(sums[place].last, part.last)
            }
        }
        try forEachPart { part in
            if let origins, !origins.contains(part.origin) { return }
            if let targets, !targets.contains(part.target) { return }
            if let judgements, !judgements.contains(part.judgement) { return }
            for index in sources.indices {
                key[index] =
                    switch sources[index].place {
                    case .origin, .group: EdgeSums.value(sources[index].list, part.origin)
                    case .target: EdgeSums.value(sources[index].list, part.target)
                    case .judgement: EdgeSums.value(sources[index].list, part.judgement)
                    case .outcome: EdgeSums.value(sources[index].list, part.outcome)
                    case .hour: part.hour
                    case .day: part.hour - ((part.hour % 86_400_000) + 86_400_000) % 86_400_000
                    }
            }
            guard let groupKey else { return add(part) }
            for member in groups[key[groupKey]] ?? [EdgeSums.none] {
                let user = key[groupKey]
                key[groupKey] = member
                add(part)
                key[groupKey] = user
            }
        }
        return sums
    }

    @inline(__always)
    private static func value(_ list: [Int64], _ number: Int64) -> Int64 {
        number >= 0 && number < list.count ? list[Int(number)] : none
    }

    // MARK: Showing

    private func show(_ sources: [Source], _ table: KeyTable, _ sums: [Sum]) throws -> Answer {
        var texts: [Int64: String] = [:]
        let select = try RawStatement(database, "SELECT value FROM text WHERE text_id = ?")
        func text(_ number: Int64) throws -> String {
            if let known = texts[number] { return known }
            select.bind(1, number)
            let value = try select.step() ? select.text(0) ?? "" : ""
            select.reset()
            texts[number] = value
            return value
        }
        // Most flows first; rows alike in that by their keys, of which names are looked up only then.
        let most = min(question.limit ?? sums.count, sums.count)
        var order = Array(sums.indices)
        if most < sums.count {
            let least = most == 0 ? .max : EdgeSums.greatest(most, of: sums.map(\.flows))
            order.removeAll { sums[$0].flows < least }
        }
        order.sort { sums[$0].flows > sums[$1].flows }
        var start = 0
        while start < most {
            var end = start + 1
            while end < order.count, sums[order[end]].flows == sums[order[start]].flows { end += 1 }
            if end - start > 1 {
                let keyed = try order[start..<end].map { place in
                    (place: place, values: try sources.indices.map { try stored(table.key(at: place)[$0], sources[$0].meaning, text) })
                }
                let sorted = keyed.sorted { EdgeSums.isAscending($0.values, $1.values) }
                for (index, item) in sorted.enumerated() { order[start + index] = item.place }
            }
            start = end
        }
        var next = 0
        let columns =
            question.keys.map(\.name)
            + ["flows", "denied", "failed", "bytes_received", "bytes_transferred", "first_seen", "last_seen"]
        return Answer(columns: columns) {
            guard next < most else { return nil }
            let place = order[next]
            next += 1
            let sum = sums[place]
            var row = try sources.indices.map { try stored(table.key(at: place)[$0], sources[$0].meaning, text) }
            row += [sum.flows, sum.denied, sum.failed, sum.bytesReceived, sum.bytesTransferred, sum.first, sum.last].map {
                .integer($0)
            }
            return row
        }
    }

    /// The `rank`th greatest value, from 1 on, in linear time.
    private static func greatest(_ rank: Int, of list: [Int64]) -> Int64 {
        var rest = list
        var rank = rank
        while true {
            let pivot = rest[rest.count / 2]
            let greater = rest.filter { $0 > pivot }
            let equal = rest.reduce(0) { $0 + ($1 == pivot ? 1 : 0) }
            if rank <= greater.count {
                rest = greater
            } else if rank <= greater.count + equal {
                return pivot
            } else {
                rank -= greater.count + equal
                rest.removeAll { $0 >= pivot }
            }
        }
    }

    private func stored(_ value: Int64, _ meaning: Meaning, _ text: (Int64) throws -> String) rethrows -> StoredValue {
        if value == EdgeSums.none { return .null }
        switch meaning {
        case .text: return .text(try text(value))
        case .group: return .text(groupNames[Int(value)])
        case .word: return .text(words[Int(value)])
        case .number: return .integer(value)
        }
    }

    /// The order of SQLite: absent first, then numbers, then texts by their bytes.
    private static func isAscending(_ left: [StoredValue], _ right: [StoredValue]) -> Bool {
        for (a, b) in zip(left, right) where a != b {
            switch (a, b) {
            case (.null, _): return true
            case (_, .null): return false
            case (.integer(let a), .integer(let b)): return a < b
            case (.text(let a), .text(let b)): return Array(a.utf8).lexicographicallyPrecedes(Array(b.utf8))
            case (.integer, _): return true
            default: return false
            }
        }
        return false
    }
}

/// Numbers of a dictionary, to ask many times whether one is among them.
private struct NumberSet {
    private var isIn: [Bool]

    init(_ numbers: Set<Int64>) {
        isIn = [Bool](repeating: false, count: Int(clamping: numbers.max() ?? -1) + 1)
        for number in numbers where number >= 0 { isIn[Int(number)] = true }
    }

    @inline(__always)
    func contains(_ number: Int64) -> Bool {
        number >= 0 && number < isIn.count && isIn[Int(number)]
    }
}
