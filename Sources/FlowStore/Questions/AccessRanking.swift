internal import FlowModel
internal import GRDB

/// Orders sums of accesses: most flows first; rows alike in that by their keys, of which names are looked up only then.
struct AccessRanking {
    private let keys: AccessKeys
    private let sums: KeyTable<AccessSums.Sum>
    private let limit: Int?
    private let texts: KnownTexts

    init(_ keys: AccessKeys, _ sums: KeyTable<AccessSums.Sum>, limit: Int?, _ database: Database) throws {
        self.keys = keys
        self.sums = sums
        self.limit = limit
        texts = try KnownTexts(database)
    }

    /// Texts that were looked up.
    private final class KnownTexts {
        private let select: RawStatement
        private var known: [Int64: String] = [:]

        init(_ database: Database) throws {
            select = try RawStatement(database, "SELECT value FROM text WHERE text_id = ?")
        }

        func text(_ number: Int64) throws -> String {
            if let text = known[number] { return text }
            select.bind(1, number)
            let value = try select.step() ? select.text(0) ?? "" : ""
            select.reset()
            known[number] = value
            return value
        }
    }

    /// - Parameter unsure: flows of which it is not known whether they belong to the answer.
    func answer(_ columns: [AccessQuestion.Key], unsure: Int64) throws -> Answer {
        let order = try order()
        var next = 0
        let columns =
            columns.map(\.name) + ["flows", "denied", "failed", "bytes_received", "bytes_transferred", "first_seen", "last_seen"]
        return Answer(columns: columns, unsure: unsure) {
            guard next < order.count else { return nil }
            let place = order[next]
            next += 1
            let sum = sums.value(at: place).pointee
            let numbers = [sum.flows, sum.denied, sum.failed, sum.bytesReceived, sum.bytesTransferred, sum.first, sum.last]
            return try values(at: place) + numbers.map { .integer($0) }
        }
    }

    /// The places of the sums that are shown.
    private func order() throws -> ArraySlice<Int> {
        let most = min(limit ?? sums.count, sums.count)
        let flows = (0..<sums.count).map { sums.value(at: $0).pointee.flows }
        var order = Array(flows.indices)
        if most < sums.count {
            let least = most == 0 ? .max : AccessRanking.greatest(most, of: flows)
            order = order.filter { flows[$0] >= least }
        }
        order.sort { flows[$0] > flows[$1] }
        var start = 0
        while start < most {
            var end = start + 1
            while end < order.count, flows[order[end]] == flows[order[start]] { end += 1 }
            if end - start > 1 {
                let keyed = try order[start..<end].map { (place: $0, values: try values(at: $0)) }
                let sorted = keyed.sorted { AccessRanking.isAscending($0.values, $1.values) }
                for (index, item) in sorted.enumerated() { order[start + index] = item.place }
            }
            start = end
        }
        return order.prefix(most)
    }

    private func values(at place: Int) throws -> [StoredValue] {
        try (0..<keys.count).map { try keys.stored(sums.key(at: place)[$0], of: $0, texts.text) }
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
