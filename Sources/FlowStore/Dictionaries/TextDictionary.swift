package import FlowModel
package import GRDB

/// The table `text`: every text once, numbered. Remembers in memory what was asked of late.
package final class TextDictionary {
    /// When the remembered texts take more than this, they are forgotten; the table still knows them.
    private static let memoryLimit = 48 << 20
    /// The same for remembered addresses.
    private static let addressLimit = 500_000
    /// Tables of so few rows are remembered from the start.
    private static let small: Int64 = 50_000

    private let select: RawStatement
    private let insert: RawStatement
    private let selectText: RawStatement
    private let symbols = SymbolTable()
    /// The id of each symbol; 0: not known yet.
    private var ids: [Int64] = [0, 0]
    private let addresses = KeyTable<Int64>(width: 3)
    private var texts: [Int64: String] = [:]
    private var next: Int64
    private let background: BackgroundWriter?
    /// Every text is remembered: what is not, is not in the table. Only with a background writer.
    private var isComplete = false
    /// Texts that are numbered and not written yet: their symbols. The last has the number `next`. Without a background writer there are none.
    private var unwritten: [Symbol] = []

    /// With a `background` writer, texts are held back until `flush`, so that numbering them need not wait for the connection.
    package init(_ database: Database, background: BackgroundWriter? = nil) throws {
        self.background = background
        select = try RawStatement(database, "SELECT text_id FROM text WHERE value = ?")
        insert = try RawStatement(database, "INSERT INTO text (text_id, value) VALUES (?, ?)")
        selectText = try RawStatement(database, "SELECT value FROM text WHERE text_id = ?")
        next = try TextDictionary.last(database)
        try load(database)
    }

    private func load(_ database: Database) throws {
        isComplete = background != nil && next <= TextDictionary.small
        guard isComplete, next > 0 else { return }
        let all = try RawStatement(database, "SELECT text_id, value FROM text")
        while try all.step() {
            let index = Int(all.withText(1) { symbols.intern($0) }.rawValue)
            while ids.count <= index { ids.append(0) }
            ids[index] = all.integer(0)
        }
        all.reset()
    }

    private static func last(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(text_id), 0) FROM text") ?? 0
    }

    /// The number of a text, which is added when it is new.
    package func id(_ bytes: UnsafeRawBufferPointer) throws -> Int64 {
        let symbol = symbols.intern(bytes)
        let index = Int(symbol.rawValue)
        while ids.count <= index { ids.append(0) }
        if ids[index] != 0 { return ids[index] }
        var known: Int64?
        if !isComplete {
            try background?.reclaim()
            try flush()
            select.bind(1, text: bytes)
            if try select.step() { known = select.integer(0) }
            select.reset()
        }
        let id: Int64
        if let known {
            id = known
        } else {
            next += 1
            id = next
            unwritten.append(symbol)
            if background == nil { try flush() }
        }
        ids[index] = id
        return id
    }

    /// Writes what was held back; the caller has reclaimed the connection.
    package func flush() throws {
        guard !unwritten.isEmpty else { return }
        let first = next - Int64(unwritten.count) + 1
        for (place, symbol) in unwritten.enumerated() {
            insert.bind(1, first + Int64(place))
            insert.bind(2, text: symbols.bytes(of: symbol))
            try insert.run()
        }
        unwritten.removeAll(keepingCapacity: true)
    }

    func id(_ text: String) throws -> Int64 {
        var copy = text
        return try copy.withUTF8 { try id(UnsafeRawBufferPointer($0)) }
    }

    /// 0 for no address.
    package func id(_ address: IPAddress?) throws -> Int64 {
        guard let address else { return 0 }
        var key = (Int64(bitPattern: address.high), Int64(bitPattern: address.low), Int64(address.family.rawValue))
        return try withUnsafePointer(to: &key) { pointer in
            try pointer.withMemoryRebound(to: Int64.self, capacity: 3) { words in
                if let known = addresses.find(words) { return known }
                let id = try id(address.description)
                if addresses.count >= TextDictionary.addressLimit { addresses.removeAll() }
                addresses.insert(words, id)
                return id
            }
        }
    }

    /// The text of a number; nil for 0.
    func text(_ id: Int64) throws -> String? {
        if id == 0 { return nil }
        if let known = texts[id] { return known }
        selectText.bind(1, id)
        let text = try selectText.step() ? selectText.text(0) : nil
        selectText.reset()
        if texts.count >= TextDictionary.addressLimit { texts.removeAll(keepingCapacity: true) }
        texts[id] = text
        return text
    }

    /// Forgets when memory runs over; to be called between batches.
    package func trim() throws {
        guard symbols.byteCount > TextDictionary.memoryLimit else { return }
        if !unwritten.isEmpty {
            try background?.reclaim()
            try flush()
        }
        isComplete = false
        symbols.removeAll()
        ids = [0, 0]
    }
}
