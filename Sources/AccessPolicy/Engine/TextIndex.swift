/// Texts to the numbers 0, 1, 2 … in the order in which they were given.
///
/// An open-addressing table. Texts of up to 11 bytes, which most ids are, stand in the slot itself, so that finding one touches a
/// single cache line; longer ones are told apart by a 64-bit hash and then compared in an arena of bytes. Hashes are keyed by a
/// number drawn once per process, so that a crafted document cannot make look-ups slow. A look-up allocates nothing.
struct TextIndex: Sendable {
    private struct Slot: BitwiseCopyable, Sendable {
        /// The text's first bytes, or the hash of a long text.
        var word: UInt64 = 0
        /// Length in the upper byte and the last bytes below it; `longMark` and the low bits of the length for a long text.
        var rest: UInt32 = 0
        /// Number + 1; 0 = free.
        var value: UInt32 = 0
    }

    private static let maxInlineLength = 11
    private static let longMark: UInt32 = 0xff00_0000
    private static let seed = UInt64.random(in: .min ... .max)

    private let slots: Table<Slot>
    private let mask: Int
    private let seed: UInt64
    private let starts: Table<UInt32>
    private let text: Table<UInt8>

    /// Of equal texts the first one is found.
    init(_ texts: [String], _ arena: TableArena) {
        let seed = TextIndex.seed
        var size = 8
        while size < texts.count * 2 { size *= 2 }
        let mask = size - 1
        var slots = [Slot](repeating: Slot(), count: size)
        var text: [UInt8] = []
        var starts: [UInt32] = [0]
        starts.reserveCapacity(texts.count + 1)
        for (number, key) in texts.enumerated() {
            let bytes = key.utf8Span.span
            let (word, rest, hash) = bytes.withUnsafeBytes { TextIndex.code($0, seed) }
            if rest >= TextIndex.longMark { text.append(contentsOf: key.utf8) }
            starts.append(UInt32(clamping: text.count))
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot].value != 0 { slot = (slot + 1) & mask }
            slots[slot] = Slot(word: word, rest: rest, value: UInt32(number + 1))
        }
        self.seed = seed
        self.mask = mask
        self.slots = arena.table(slots)
        self.starts = arena.table(starts)
        self.text = arena.table(text)
    }

    @inline(__always)
    func find(_ key: String) -> Int? {
        if let result = key.utf8.withContiguousStorageIfAvailable({ find(UnsafeRawBufferPointer($0)) }) { return result }
        return key.utf8Span.span.withUnsafeBytes { find($0) }
    }

    @inline(__always)
    func find(_ bytes: UnsafeRawBufferPointer) -> Int? {
        findSlot(bytes).map { number(at: $0) }
    }

    /// The number of the text in an occupied slot.
    @inline(__always)
    func number(at slot: Int) -> Int { Int(slots[slot].value) - 1 }

    /// Where in the table a text stands: what is laid out like the table can be fetched while the table is still being read.
    @inline(__always)
    func findSlot(_ key: String) -> Int? {
        if let result = key.utf8.withContiguousStorageIfAvailable({ findSlot(UnsafeRawBufferPointer($0)) }) { return result }
        return key.utf8Span.span.withUnsafeBytes { findSlot($0) }
    }

    @inline(__always)
    private func findSlot(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let (word, rest, hash) = TextIndex.code(bytes, seed)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let entry = slots[slot]
            guard entry.value != 0 else { return nil }
            if entry.word == word, entry.rest == rest, rest < TextIndex.longMark || isEqual(Int(entry.value) - 1, bytes) { return slot }
            slot = (slot + 1) & mask
        }
    }

    /// `elements`, by number, laid out like the table; `filler` where no text stands.
    func bySlot<Element: BitwiseCopyable & Sendable>(_ elements: [Element], filler: Element, _ arena: TableArena) -> Table<Element> {
        arena.table((0..<slots.count).map { slot in slots[slot].value == 0 ? filler : elements[Int(slots[slot].value) - 1] })
    }

    private func isEqual(_ number: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let start = Int(starts[number])
        guard Int(starts[number + 1]) - start == bytes.count else { return false }
        let known = text.bytes(start, bytes.count)
        // Long texts only: at least 8 bytes, the last word may overlap the one before.
        var offset = 0
        while offset + 8 <= bytes.count {
            if known.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset += 8
        }
        return known.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
            == bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
    }

    /// What stands in a slot, and where to look for it. Short texts have one code each: their bytes, overlapping, and their length.
    @inline(__always)
    private static func code(_ bytes: UnsafeRawBufferPointer, _ seed: UInt64) -> (word: UInt64, rest: UInt32, hash: UInt64) {
        let count = bytes.count
        if count <= maxInlineLength {
            var word: UInt64 = 0
            var rest = UInt32(truncatingIfNeeded: count) << 24
            if count >= 8 {
                word = bytes.loadUnaligned(as: UInt64.self)
                if count > 8 {
                    let tail = bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                    rest |= tail >> 8
                }
            } else if count >= 4 {
                let head = bytes.loadUnaligned(as: UInt32.self)
                let tail = bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                word = UInt64(head) | UInt64(tail) << 32
            } else if count > 0 {
                word = UInt64(bytes[0]) | UInt64(bytes[count >> 1]) << 8 | UInt64(bytes[count - 1]) << 16
            }
            return (word, rest, fold(word ^ seed, 0xa076_1d64_78bd_642f ^ UInt64(rest)))
        }
        var state = seed ^ UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
        var offset = 0
        while offset + 8 <= count {
            state = fold(state ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self), 0xa076_1d64_78bd_642f ^ seed)
            offset += 8
        }
        let tail = bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        let hash = fold(state ^ tail, 0xe703_7ed1_a0b4_28db)
        return (hash, longMark | UInt32(truncatingIfNeeded: count) & 0x00ff_ffff, hash)
    }

    /// Multiply and fold.
    @inline(__always)
    static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
