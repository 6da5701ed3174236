import FlowModel

/// Arrays that were checked before: relays come from a short list, so most lines repeat one byte for byte.
///
/// An array that is complete and well-formed ends where it ends whatever follows, so that a text equal to a checked one needs no
/// second check.
struct KnownArrays {
    /// Longer ones are checked each time.
    private static let maxLength = 1_024
    /// A power of two; a slot holds the last checked array whose symbol falls on it.
    private static let slotCount = 256

    private var checked = [Symbol](repeating: .none, count: KnownArrays.slotCount)
    private var generation: UInt64 = 0

    /// The length of the well-formed array at `start`, and its symbol, `none` when it was not looked for; nil when it is no array.
    @inline(__always)
    mutating func read(
        _ start: UnsafeRawPointer, _ limit: UnsafeRawPointer, _ seed: UInt64, _ symbols: UnsafeMutablePointer<SymbolStorage>
    ) -> (count: Int, symbol: Symbol)? {
        guard limit > start, start.load(as: UInt8.self) == UInt8(ascii: "[") else { return nil }
        if limit - start >= 2, start.load(fromByteOffset: 1, as: UInt8.self) == UInt8(ascii: "]") { return (2, .none) }
        var position = start
        let bound = limit - start > KnownArrays.maxLength ? start + KnownArrays.maxLength : limit
        while bound - position >= 8 {
            let mask = ByteScan.matches(ByteScan.load(position), UInt8(ascii: "]"))
            if mask != 0 {
                let count = position + ByteScan.index(mask) + 1 - start
                let symbol = symbols.pointee.find(start, count, SymbolStorage.hash(start, count, seed))
                if !symbol.isNone, generation == symbols.pointee.currentGeneration,
                    checked[Int(symbol.rawValue) & (KnownArrays.slotCount - 1)] == symbol
                {
                    return (count, symbol)
                }
                break
            }
            position += 8
        }
        return check(start, limit, seed, symbols)
    }

    /// Whether a value goes on behind the end of its line: to JSON a line feed is a blank like any other, and what may be looked at does
    /// not end with the line.
    static func crossesLines(_ start: UnsafeRawPointer, _ count: Int) -> Bool {
        ByteSearch.newline(start, start + count) != nil
    }

    @inline(never)
    private mutating func check(
        _ start: UnsafeRawPointer, _ limit: UnsafeRawPointer, _ seed: UInt64, _ symbols: UnsafeMutablePointer<SymbolStorage>
    ) -> (count: Int, symbol: Symbol)? {
        var cursor = JSONCursor(start, limit)
        guard let value = try? cursor.value(depth: 1), value.kind == .array, !KnownArrays.crossesLines(value.start, value.count)
        else {
            return nil
        }
        var symbol = Symbol.none
        if value.count <= KnownArrays.maxLength {
            if generation != symbols.pointee.currentGeneration {
                generation = symbols.pointee.currentGeneration
                checked = [Symbol](repeating: .none, count: KnownArrays.slotCount)
            }
            symbol = symbols.pointee.intern(start, value.count, SymbolStorage.hash(start, value.count, seed))
            checked[Int(symbol.rawValue) & (KnownArrays.slotCount - 1)] = symbol
        }
        return (value.count, symbol)
    }
}
