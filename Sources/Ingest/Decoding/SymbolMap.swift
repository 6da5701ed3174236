internal import FlowModel
internal import FlowStore

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
