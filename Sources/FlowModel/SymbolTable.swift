/// A text that stands in a `SymbolTable`. Symbols of different tables must not be compared.
public struct Symbol: Hashable, Sendable {
    public var rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// No text at all: the field was absent or null.
    public static let none = Symbol(rawValue: 0)
    /// The empty text.
    public static let empty = Symbol(rawValue: 1)

    @inlinable
    public var isNone: Bool { rawValue == 0 }
}

/// Byte strings numbered in the order in which they were first seen.
///
/// An open-addressing hash table over one arena of bytes: a look-up of a text that is already there copies and allocates nothing.
/// Hashes are keyed by a seed, so that crafted logs cannot make look-ups slow. Not safe for use from several threads at once;
/// make one per decoding worker. It grows without limit: whoever owns it watches `byteCount` and calls `removeAll()` at a point
/// where no symbol is held any more.
public final class SymbolTable {
    @usableFromInline var arena: UnsafeMutablePointer<UInt8>
    @usableFromInline var arenaCapacity: Int
    @usableFromInline var arenaCount = 0
    /// Start of each text in the arena; the end is the next one's start.
    @usableFromInline var starts: [Int]
    @usableFromInline var hashes: [UInt64]
    /// Symbol numbers, 0 = free. The size is a power of two.
    @usableFromInline var slots: UnsafeMutablePointer<UInt32>
    @usableFromInline var slotMask: Int
    @usableFromInline let seed: UInt64

    public init(seed: UInt64 = UInt64.random(in: .min ... .max)) {
        self.seed = seed
        arenaCapacity = 1 << 16
        arena = .allocate(capacity: arenaCapacity)
        slotMask = (1 << 10) - 1
        slots = .allocate(capacity: slotMask + 1)
        slots.initialize(repeating: 0, count: slotMask + 1)
        starts = []
        hashes = []
        reset()
    }

    deinit {
        arena.deallocate()
        slots.deallocate()
    }

    /// Symbols that exist, including `none` and `empty`.
    @inlinable
    public var count: Int { hashes.count }

    /// Memory that texts and index take, roughly.
    public var byteCount: Int { arenaCapacity + (slotMask + 1) * 4 + hashes.count * 16 }

    /// Forgets all symbols but `none` and `empty`. Symbols handed out before are void.
    public func removeAll() {
        slots.update(repeating: 0, count: slotMask + 1)
        reset()
    }

    private func reset() {
        arenaCount = 0
        starts = [0, 0, 0]
        hashes = [0, 0]
    }

    @inlinable
    public func intern(_ bytes: UnsafeRawBufferPointer) -> Symbol {
        guard bytes.count > 0, let base = bytes.baseAddress else { return .empty }
        let hash = SymbolTable.hash(base, bytes.count, seed)
        var slot = Int(truncatingIfNeeded: hash) & slotMask
        while true {
            let symbol = slots[slot]
            if symbol == 0 { return insert(base, bytes.count, hash, slot) }
            let index = Int(symbol)
            if hashes[index] == hash {
                let start = starts[index]
                if starts[index + 1] - start == bytes.count, SymbolTable.equal(arena + start, base, bytes.count) {
                    return Symbol(rawValue: symbol)
                }
            }
            slot = (slot + 1) & slotMask
        }
    }

    public func intern(_ text: String) -> Symbol {
        var copy = text
        return copy.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    /// The bytes of a symbol, valid until the table is next changed.
    @inlinable
    public func bytes(of symbol: Symbol) -> UnsafeRawBufferPointer {
        let index = Int(symbol.rawValue)
        return UnsafeRawBufferPointer(start: arena + starts[index], count: starts[index + 1] - starts[index])
    }

    /// The text of a symbol, ill-formed UTF-8 repaired; nil for `none`.
    public func text(of symbol: Symbol) -> String? {
        symbol.isNone ? nil : String(decoding: bytes(of: symbol), as: UTF8.self)
    }

    @usableFromInline
    func insert(_ base: UnsafeRawPointer, _ count: Int, _ hash: UInt64, _ slot: Int) -> Symbol {
        if arenaCount + count > arenaCapacity { growArena(to: arenaCount + count) }
        (UnsafeMutableRawPointer(arena) + arenaCount).copyMemory(from: base, byteCount: count)
        arenaCount += count
        let symbol = UInt32(hashes.count)
        hashes.append(hash)
        starts.append(arenaCount)
        slots[slot] = symbol
        if hashes.count * 2 > slotMask { growSlots() }
        return Symbol(rawValue: symbol)
    }

    private func growArena(to needed: Int) {
        let capacity = max(needed, arenaCapacity * 2)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: arena, count: arenaCount)
        arena.deallocate()
        arena = larger
        arenaCapacity = capacity
    }

    private func growSlots() {
        let size = (slotMask + 1) * 2
        slots.deallocate()
        slots = .allocate(capacity: size)
        slots.initialize(repeating: 0, count: size)
        slotMask = size - 1
        for symbol in 2..<hashes.count {
            var slot = Int(truncatingIfNeeded: hashes[symbol]) & slotMask
            while slots[slot] != 0 { slot = (slot + 1) & slotMask }
            slots[slot] = UInt32(symbol)
        }
    }

    /// Multiply-and-fold over 8-byte words, keyed by the seed.
    @inlinable @inline(__always)
    static func hash(_ base: UnsafeRawPointer, _ count: Int, _ seed: UInt64) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
        var offset = 0
        while offset + 8 <= count {
            state = fold(state ^ base.loadUnaligned(fromByteOffset: offset, as: UInt64.self), 0xa076_1d64_78bd_642f ^ seed)
            offset += 8
        }
        var tail: UInt64 = 0
        if offset < count {
            if count >= 8 {
                tail = base.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            } else {
                var index = offset
                while index < count {
                    tail = tail << 8 | UInt64(base.load(fromByteOffset: index, as: UInt8.self))
                    index += 1
                }
            }
        }
        return fold(state ^ tail, 0xe703_7ed1_a0b4_28db)
    }

    @inlinable @inline(__always)
    static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    @inlinable @inline(__always)
    static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer, _ count: Int) -> Bool {
        guard let left = left.baseAddress, let right = right.baseAddress else { return count == 0 }
        return equal(left.assumingMemoryBound(to: UInt8.self), right, count)
    }

    @inlinable @inline(__always)
    static func equal(_ left: UnsafePointer<UInt8>, _ right: UnsafeRawPointer, _ count: Int) -> Bool {
        let left = UnsafeRawPointer(left)
        var offset = 0
        while offset + 8 <= count {
            if left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset += 8
        }
        while offset < count {
            if left.load(fromByteOffset: offset, as: UInt8.self) != right.load(fromByteOffset: offset, as: UInt8.self) {
                return false
            }
            offset += 1
        }
        return true
    }
}
