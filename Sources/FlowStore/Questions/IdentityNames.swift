internal import GRDB

/// What stands for whom in a dictionary: rows with the same id are one, whatever names they came with; a row without id is its name.
///
/// Shown is the name of the latest flow, and the id as well where others bear that name.
struct IdentityNames {
    /// The number of an identity for each row of the dictionary, `none` where a row names nobody.
    private(set) var list: [Int64] = []
    /// The number of the text that each identity is called by.
    private var names: [Int64: Int64] = [:]
    /// Texts that several identities are called by.
    private var shared: Set<Int64> = []

    /// Which dictionary, and which of its columns.
    struct Columns {
        var table: String
        var kind: String
        var id: String
        var name: String
        var aggregate: AggregatePage.Column

        static let principal = Columns(
            table: "client", kind: "principal_kind", id: "principal_id", name: "principal", aggregate: .client)
        static let connector = Columns(table: "destination", kind: "0", id: "connector_id", name: "connector", aggregate: .destination)
        static let network = Columns(table: "destination", kind: "0", id: "network_id", name: "network", aggregate: .destination)
    }

    /// Of a number: the lowest bit says that a name stands for it, the next two are the kind.
    private static let kindBits: Int64 = 3
    private static let serviceAccount: Int64 = 2

    init(_ database: Database, _ columns: Columns, none: Int64) throws {
        let last = try Int64.fetchOne(database, sql: "SELECT coalesce(max(\(columns.table)_id), 0) FROM \(columns.table)") ?? 0
        list = [Int64](repeating: none, count: Int(clamping: last) + 1)
        var several: [Int64: Set<Int64>] = [:]
        var nameOfRow: [Int: Int64] = [:]
        let rows = try RawStatement(
            database, "SELECT \(columns.table)_id, \(columns.kind), \(columns.id), \(columns.name) FROM \(columns.table)")
        defer { rows.reset() }
        while try rows.step() {
            let (id, name) = (rows.integer(2), rows.integer(3))
            let row = Int(clamping: rows.integer(0))
            guard list.indices.contains(row), id != 0 || name != 0 else { continue }
            let identity = (id == 0 ? name : id) << IdentityNames.kindBits | (rows.integer(1) & 3) << 1 | (id == 0 ? 1 : 0)
            list[row] = identity
            guard name != 0 else { continue }
            if let known = names[identity], known != name { several[identity, default: [known]].insert(name) }
            names[identity] = name
        }
        if !several.isEmpty {
            let again = try RawStatement(database, "SELECT \(columns.table)_id, \(columns.name) FROM \(columns.table)")
            defer { again.reset() }
            while try again.step() {
                let row = Int(clamping: again.integer(0))
                if list.indices.contains(row), several[list[row]] != nil { nameOfRow[row] = again.integer(1) }
            }
            try findLatest(database, columns.aggregate, nameOfRow)
        }
        var bearers: [Int64: Int64] = [:]
        for identity in Set(list) where identity != none {
            let name = names[identity] ?? identity >> IdentityNames.kindBits
            names[identity] = name
            if bearers.updateValue(identity, forKey: name) != nil { shared.insert(name) }
        }
    }

    /// Of identities with several names, the name of the flow that started last; of names alike in that, the one that sorts last.
    private mutating func findLatest(_ database: Database, _ column: AggregatePage.Column, _ nameOfRow: [Int: Int64]) throws {
        var latest: [Int64: (at: Int64, name: Int64)] = [:]
        var texts: [Int64: String] = [:]
        let select = try RawStatement(database, "SELECT value FROM text WHERE text_id = ?")
        func bytes(_ name: Int64) throws -> String.UTF8View {
            if let known = texts[name] { return known.utf8 }
            select.bind(1, name)
            defer { select.reset() }
            let text = try select.step() ? select.text(0) ?? "" : ""
            texts[name] = text
            return text.utf8
        }
        try AggregatePages.forEach(database) { page in
            for place in 0..<AggregatePage.aggregates where page[.flows, place] > 0 {
                let row = Int(clamping: page[column, place])
                guard let name = nameOfRow[row], name != 0 else { continue }
                let at = page[.lastAt, place]
                if let known = latest[list[row]] {
                    guard known.name != name || at > known.at else { continue }
                    if at < known.at { continue }
                    if at == known.at, try !bytes(known.name).lexicographicallyPrecedes(bytes(name)) { continue }
                }
                latest[list[row]] = (at, name)
            }
        }
        for (identity, found) in latest { names[identity] = found.name }
    }

    /// How an identity is shown; `text` gives the text of a number.
    func label(_ identity: Int64, _ text: (Int64) throws -> String) rethrows -> String {
        let name = names[identity] ?? identity >> IdentityNames.kindBits
        let isByName = identity & 1 == 1
        guard shared.contains(name), !isByName else { return try text(name) }
        let kind = (identity >> 1) & 3 == IdentityNames.serviceAccount ? "service account " : ""
        return "\(try text(name)) (\(kind)\(try text(identity >> IdentityNames.kindBits)))"
    }
}
