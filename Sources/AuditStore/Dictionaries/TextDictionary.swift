internal import FlowModel
internal import GRDB

/// The table `text`: every text once, numbered. Remembers in memory what was asked of late.
final class TextDictionary {
    /// When the remembered texts take more than this, they are forgotten; the table still knows them.
    private static let memoryLimit = 48 << 20
    /// The same for remembered addresses.
    private static let addressLimit = 500_000

    private let select: RawStatement
    private let insert: RawStatement
    private let selectText: RawStatement
    private let symbols = SymbolTable()
    /// The id of each symbol; 0: not known yet.
    private var ids: [Int64] = [0, 0]
    private let addresses = KeyTable<Int64>(width: 3)
    private var texts: [Int64: String] = [:]
    private var next: Int64

    init(_ database: Database) throws {
        select = try RawStatement(database, "SELECT text_id FROM text WHERE value = ?")
        insert = try RawStatement(database, "INSERT INTO text (text_id, value) VALUES (?, ?)")
        selectText = try RawStatement(database, "SELECT value FROM text WHERE text_id = ?")
        next = try Int64.fetchOne(database, sql: "SELECT coalesce(max(text_id), 0) FROM text") ?? 0
    }

    /// The number of a text, which is added when it is new.
    func id(_ bytes: UnsafeRawBufferPointer) throws -> Int64 {
        let symbol = symbols.intern(bytes)
        let index = Int(symbol.rawValue)
        while ids.count <= index { ids.append(0) }
        if ids[index] != 0 { return ids[index] }
        select.bind(1, text: bytes)
        let known = try select.step() ? select.integer(0) : nil
        select.reset()
        let id: Int64
        if let known {
            id = known
        } else {
            next += 1
            id = next
            insert.bind(1, id)
            insert.bind(2, text: bytes)
            try insert.run()
        }
        ids[index] = id
        return id
    }

    func id(_ text: String) throws -> Int64 {
        var copy = text
        return try copy.withUTF8 { try id(UnsafeRawBufferPointer($0)) }
    }

    /// 0 for no address.
    func id(_ address: IPAddress?) throws -> Int64 {
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
    func trim() {
        guard symbols.byteCount > TextDictionary.memoryLimit else { return }
        symbols.removeAll()
        ids = [0, 0]
    }

    /// Forgets everything that is in memory: after a transaction was rolled back, numbers may be void.
    func forget(_ database: Database) throws {
        symbols.removeAll()
        ids = [0, 0]
        addresses.removeAll()
        texts = [:]
        next = try Int64.fetchOne(database, sql: "SELECT coalesce(max(text_id), 0) FROM text") ?? 0
    }
}

/// What the symbols of one decoding worker are called in the database.
struct SymbolMap {
    private var ids: [Int64] = []
    var numbers = EventNumberMap()

    mutating func id(_ symbol: Symbol, in table: SymbolTable, _ texts: TextDictionary) throws -> Int64 {
        let index = Int(symbol.rawValue)
        if index == 0 { return 0 }
        if index < ids.count, ids[index] != 0 { return ids[index] }
        let id = try texts.id(table.bytes(of: symbol))
        while ids.count <= index { ids.append(0) }
        ids[index] = id
        return id
    }

    mutating func removeAll() {
        ids.removeAll(keepingCapacity: true)
        numbers.removeAll()
    }
}
