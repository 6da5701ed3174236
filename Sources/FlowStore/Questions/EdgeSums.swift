internal import FlowModel
internal import GRDB

/// Sums up the roll-up by any of its keys: by numbers first, of which there are few kinds, and names only for what is shown.
///
/// Time and memory grow with edges, or with edges and hours where a period or hours are asked for; never with flows.
struct EdgeSums {
    private let question: AccessQuestion
    private let database: Database
    /// Nil when nobody asks for groups.
    private var groups: GroupTimes?
    /// Names that several groups bear, or that is also the word for not knowing.
    private var sharedGroupNames: Set<String> = [EdgeSums.unknownGroup]
    /// Of the principals, Connectors and networks that are asked for.
    private var identities: [Meaning: IdentityNames] = [:]
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
        case principal
        case connector
        case network
        case group
        case word
        case number
    }

    /// Absent values.
    static let none = Int64.min
    /// The number of the group of a user at a time for which no policy is known, and the word for it.
    private static let unknown: Int64 = -1
    static let unknownGroup = "unknown"

    init(_ question: AccessQuestion, _ database: Database) throws {
        self.question = question
        self.database = database
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

    /// The user of each origin; of those that are no users, none.
    private func users() throws -> [Int64] { try ofOrigins("CASE principal_kind WHEN 1 THEN principal_id END") }

    private func ofOrigins(_ expression: String) throws -> [Int64] {
        try list("SELECT origin_id, nullif(\(expression), 0) FROM origin", last: "origin", id: "origin_id")
    }

    private func ofTargets(_ expression: String) throws -> [Int64] {
        try list("SELECT target_id, \(expression) FROM target", last: "target", id: "target_id")
    }

    private mutating func ofAssessments(_ column: String, none: String?) throws -> [Int64] {
        var list = [Int64](repeating: EdgeSums.none, count: 1)
        if let none { list[0] = word(none) }
        for row in try Row.fetchAll(database, sql: "SELECT assessment_id, nullif(\(column), '') FROM assessment ORDER BY 1") {
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

    private mutating func names(_ meaning: Meaning) throws -> [Int64] {
        let columns: IdentityNames.Columns =
            switch meaning {
            case .connector: .connector
            case .network: .network
            default: .principal
            }
        let found = try IdentityNames(database, columns, none: EdgeSums.none)
        identities[meaning] = found
        return found.list
    }

    private mutating func readSources() throws -> [Source] {
        let outcomes = [EdgeSums.none, word("denied"), word("failed"), word("allowed")]
        return try question.keys.map { key in
            switch key {
            case .user: Source(place: .origin, list: try names(.principal), meaning: .principal)
            case .userID: Source(place: .origin, list: try ofOrigins("principal_id"), meaning: .text)
            case .device: Source(place: .origin, list: try ofOrigins("device"), meaning: .text)
            case .clientIP: Source(place: .origin, list: try ofOrigins("client_ip"), meaning: .text)
            case .group:
                Source(place: .group, list: try users(), meaning: .group)
            case .resource: Source(place: .target, list: try ofTargets("nullif(resource_id, 0)"), meaning: .text)
            case .address: Source(place: .target, list: try ofTargets("nullif(address, 0)"), meaning: .text)
            case .connector: Source(place: .target, list: try names(.connector), meaning: .connector)
            case .connectorID: Source(place: .target, list: try ofTargets("nullif(connector_id, 0)"), meaning: .text)
            case .network: Source(place: .target, list: try names(.network), meaning: .network)
            case .networkID: Source(place: .target, list: try ofTargets("nullif(network_id, 0)"), meaning: .text)
            case .port: Source(place: .target, list: try ofTargets("nullif(port, -1)"), meaning: .number)
            case .verdict: Source(place: .assessment, list: try ofAssessments("class", none: FlowFilter.unjudged), meaning: .word)
            case .reason: Source(place: .assessment, list: try ofAssessments("reason", none: nil), meaning: .word)
            case .outcome: Source(place: .outcome, list: outcomes, meaning: .word)
            case .hour: Source(place: .hour, meaning: .number)
            case .day: Source(place: .day, meaning: .number)
            }
        }
    }

    mutating func answer() throws -> Answer {
        let numbers = try question.filter.numbers(database)
        groups = numbers.members?.times
        if groups == nil, question.keys.contains(.group) { groups = try GroupTimes(database) }
        var seen: Set<String> = []
        for group in groups?.groups ?? [] where !seen.insert(group.name).inserted { sharedGroupNames.insert(group.name) }
        let sources = try readSources()
        let (sums, unsure) = try sum(sources, numbers)
        return try show(sources, sums, unsure)
    }

    private func sum(_ sources: [Source], _ numbers: FlowFilter.Numbers) throws -> (sums: KeyTable<Sum>, unsure: Int64) {
        let groupKey = sources.firstIndex { $0.place == .group }
        let batch = SumBatch(KeyTable(width: sources.count, capacity: try capacity()))
        let isByHour = question.keys.contains(.hour) || question.keys.contains(.day)
        let parts = try EdgeParts(
            database, question.filter, numbers, isByHour: isByHour, groups: groups, users: groups == nil ? [] : try users())
        let unsure = try parts.forEach { part in
            let key = batch.nextKey
            for index in sources.indices {
                key[index] =
                    switch sources[index].place {
                    case .origin, .group: EdgeSums.value(sources[index].list, part.origin)
                    case .target: EdgeSums.value(sources[index].list, part.target)
                    case .assessment: EdgeSums.value(sources[index].list, part.assessment)
                    case .outcome: EdgeSums.value(sources[index].list, part.outcome)
                    case .hour: part.hour
                    case .day: part.hour &- ((part.hour % 86_400_000) + 86_400_000) % 86_400_000
                    }
            }
            guard let groupKey else { return batch.add(part) }
            let user = key[groupKey]
            var own = (0..<sources.count).map { key[$0] }
            for member in groups(of: user, part) {
                own[groupKey] = member
                batch.nextKey.update(from: own, count: own.count)
                batch.add(part)
            }
        }
        return (batch.finish(), unsure)
    }

    private func groups(of user: Int64, _ part: EdgePart) -> [Int64] {
        guard user != EdgeSums.none else { return [EdgeSums.none] }
        guard let groups, !groups.changes(of: user, from: part.first, through: part.last),
            let own = groups.groups(of: user, at: part.first)
        else { return [EdgeSums.unknown] }
        return own.isEmpty ? [EdgeSums.none] : own
    }

    /// Room for as many groups as there are edges; memory that is not used is never touched.
    private func capacity() throws -> Int {
        let edges = try Int64.fetchOne(database, sql: "SELECT coalesce(max(edge_id), 0) FROM edge") ?? 0
        return 1 << max(10, Int64.bitWidth - min(edges, 1 << 20).leadingZeroBitCount)
    }

    /// Adds parts to sums, many at a time: see `KeyTable.places`.
    private final class SumBatch {
        private static let size = 256

        private let sums: KeyTable<Sum>
        private let keys: UnsafeMutablePointer<Int64>
        private let parts = UnsafeMutablePointer<EdgePart>.allocate(capacity: size)
        private let places = UnsafeMutablePointer<Int>.allocate(capacity: size)
        private var count = 0

        init(_ sums: KeyTable<Sum>) {
            self.sums = sums
            keys = .allocate(capacity: sums.width * SumBatch.size)
        }

        deinit {
            keys.deallocate()
            parts.deallocate()
            places.deallocate()
        }

        /// Where the key of the next part is to be put.
        @inline(__always)
        var nextKey: UnsafeMutablePointer<Int64> { keys + count * sums.width }

        @inline(__always)
        func add(_ part: EdgePart) {
            (parts + count).initialize(to: part)
            count += 1
            if count == SumBatch.size { flush() }
        }

        private func flush() {
            sums.places(of: keys, count: count, new: Sum(), into: places)
            for index in 0..<count {
                let (part, sum) = (parts + index, sums.value(at: places[index]))
                sum.pointee.flows = sum.pointee.flows.addingSaturating(part.pointee.flows)
                if part.pointee.outcome == 1 { sum.pointee.denied = sum.pointee.denied.addingSaturating(part.pointee.flows) }
                if part.pointee.outcome == 2 { sum.pointee.failed = sum.pointee.failed.addingSaturating(part.pointee.flows) }
                sum.pointee.bytesReceived = sum.pointee.bytesReceived.addingSaturating(part.pointee.bytesReceived)
                sum.pointee.bytesTransferred = sum.pointee.bytesTransferred.addingSaturating(part.pointee.bytesTransferred)
                sum.pointee.first = min(sum.pointee.first, part.pointee.first)
                sum.pointee.last = max(sum.pointee.last, part.pointee.last)
            }
            count = 0
        }

        func finish() -> KeyTable<Sum> {
            flush()
            return sums
        }
    }

    @inline(__always)
    private static func value(_ list: [Int64], _ number: Int64) -> Int64 {
        number >= 0 && number < list.count ? list[Int(number)] : none
    }

    // MARK: Showing

    private func show(_ sources: [Source], _ sums: KeyTable<Sum>, _ unsure: Int64) throws -> Answer {
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
        let flows = (0..<sums.count).map { sums.value(at: $0).pointee.flows }
        var order = Array(flows.indices)
        if most < sums.count {
            let least = most == 0 ? .max : EdgeSums.greatest(most, of: flows)
            order = order.filter { flows[$0] >= least }
        }
        order.sort { flows[$0] > flows[$1] }
        var start = 0
        while start < most {
            var end = start + 1
            while end < order.count, flows[order[end]] == flows[order[start]] { end += 1 }
            if end - start > 1 {
                let keyed = try order[start..<end].map { place in
                    (place: place, values: try sources.indices.map { try stored(sums.key(at: place)[$0], sources[$0].meaning, text) })
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
        return Answer(columns: columns, unsure: unsure) {
            guard next < most else { return nil }
            let place = order[next]
            next += 1
            let sum = sums.value(at: place).pointee
            var row = try sources.indices.map { try stored(sums.key(at: place)[$0], sources[$0].meaning, text) }
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
            let pivot = rest[Int.random(in: rest.indices)]
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
        case .principal, .connector, .network: return .text(try identities[meaning]?.label(value, text) ?? "")
        case .group: return .text(groupLabel(value))
        case .word: return .text(words[Int(value)])
        case .number: return .integer(value)
        }
    }

    private func groupLabel(_ number: Int64) -> String {
        guard let groups, number != EdgeSums.unknown else { return EdgeSums.unknownGroup }
        let group = groups.groups[Int(number)]
        return sharedGroupNames.contains(group.name) ? "\(group.name) (\(group.id))" : group.name
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
