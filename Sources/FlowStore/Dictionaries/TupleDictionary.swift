package import GRDB

/// A row of a dictionary table, as the integers that identify it.
///
/// INVARIANT: a key has nothing but 64-bit integers, one for each of `columns`, declared in their order. A test holds keys to it.
package protocol TupleKey: BitwiseCopyable {
    static var table: String { get }
    static var idColumn: String { get }
    static var columns: [String] { get }
    /// All absent.
    init()
}

extension TupleKey {
    /// Puts the columns down in their order.
    @inline(__always)
    package func write(to words: UnsafeMutablePointer<Int64>) {
        withUnsafeBytes(of: self) {
            UnsafeMutableRawPointer(words).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(words), byteCount: $0.count)
        }
    }

    /// The columns in their order.
    var words: [Int64] { withUnsafeBytes(of: self) { Array($0.bindMemory(to: Int64.self)) } }

    /// From a row that has `columns` from one on.
    init(_ row: RawStatement, from first: Int32) {
        self.init()
        withUnsafeMutableBytes(of: &self) { bytes in
            let words = bytes.assumingMemoryBound(to: Int64.self)
            for place in words.indices { words[place] = row.integer(first + Int32(place)) }
        }
    }
}

/// A dictionary table: every combination once, numbered. Remembers in memory what was asked of late.
package final class TupleDictionary<Key: TupleKey> {
    /// When more are remembered, they are forgotten; the table still knows them. 200,000 keys take 25 MB at worst.
    private let limit: Int
    private let background: BackgroundWriter?
    private let select: RawStatement
    private let incoming: IntegerTable
    private let insert: RawStatement
    private let known: KeyTable<Int64>
    private let words: UnsafeMutablePointer<Int64>
    private var next: Int64
    /// Every row is remembered: what is not, is not in the table.
    private var isComplete = false
    /// Rows that were forgotten: what is neither remembered nor among these is not in the table. Nil where not all of them are known.
    private var forgotten: ForgottenKeys?
    /// Rows that are numbered and not written yet, one behind the other, each behind its number. All of them are remembered. Without a
    /// background writer there are none.
    private var unwritten: [Int64] = []

    /// The highest number: where aggregates are counted by the hour, a number has so many bits.
    private static var maxID: Int64 { 1 << 28 - 1 }

    /// Tables of so few rows are remembered from the start.
    private static var small: Int64 { 50_000 }

    /// With a `background` writer, rows are held back until `flush`, so that numbering them need not wait for the connection.
    package init(_ database: Database, background: BackgroundWriter? = nil, limit: Int = 200_000) throws {
        self.limit = limit
        self.background = background
        let conditions = Key.columns.map { "\($0) = ?" }.joined(separator: " AND ")
        select = try RawStatement(database, "SELECT \(Key.idColumn) FROM \(Key.table) WHERE \(conditions)")
        incoming = try IntegerTable("incoming_" + Key.table, columns: Key.columns.count + 1, in: database)
        insert = try RawStatement(
            database,
            """
            INSERT INTO \(Key.table) (\(Key.idColumn), \(Key.columns.joined(separator: ", ")))
            SELECT \(incoming.selection) FROM \(incoming.name)
            """)
        next = try TupleDictionary.last(database)
        known = KeyTable(width: Key.columns.count)
        words = .allocate(capacity: Key.columns.count)
        words.initialize(repeating: 0, count: Key.columns.count)
        try load(database)
    }

    private func load(_ database: Database) throws {
        isComplete = next <= TupleDictionary.small
        guard isComplete, next > 0 else { return }
        let all = try RawStatement(database, "SELECT \(Key.columns.joined(separator: ", ")), \(Key.idColumn) FROM \(Key.table)")
        while try all.step() {
            for column in 0..<known.width { words[column] = all.integer(Int32(column)) }
            known.insert(words, all.integer(Int32(known.width)))
        }
        all.reset()
    }

    deinit {
        words.deallocate()
    }

    private static func last(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(\(Key.idColumn)), 0) FROM \(Key.table)") ?? 0
    }

    @inline(__always)
    package func id(_ key: Key) throws -> Int64 {
        key.write(to: words)
        if let id = known.find(words) { return id }
        return try learn()
    }

    @inline(never)
    private func learn() throws -> Int64 {
        var found: Int64?
        if !isComplete, forgotten?.mayContain(words, of: known) ?? true {
            try background?.reclaim()
            bind(to: select, from: 1)
            if try select.step() { found = select.integer(0) }
            select.reset()
        }
        let id: Int64
        if let found {
            id = found
        } else {
            guard next >= 0, next < TupleDictionary.maxID else {
                throw StoreFailure(.refused, "the table `\(Key.table)` has no numbers left; ingest into a new database")
            }
            next += 1
            id = next
            unwritten.append(id)
            for column in 0..<known.width { unwritten.append(words[column]) }
            if background == nil { try flush() }
        }
        if known.count >= limit { try forget() }
        known.insert(words, id)
        return id
    }

    private func forget() throws {
        try background?.reclaim()
        try flush()
        if isComplete { forgotten = ForgottenKeys() }
        forgotten = forgotten.take()?.adding(known)
        known.removeAll()
        isComplete = false
    }

    /// Writes what was held back; the caller has reclaimed the connection.
    package func flush() throws {
        guard !unwritten.isEmpty else { return }
        try incoming.show(unwritten) { try insert.run() }
        unwritten.removeAll(keepingCapacity: true)
    }

    private func bind(to statement: RawStatement, from index: Int32) {
        for column in 0..<known.width { statement.bind(index + Int32(column), words[column]) }
    }
}
