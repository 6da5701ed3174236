/// The memory of a `SymbolTable`: an arena of bytes, where each text lies in it, and an open-addressing index.
public struct SymbolStorage {
    /// Where a text lies in the arena.
    @usableFromInline
    struct Extent {
        @usableFromInline var start: Int
        @usableFromInline var count: Int

        @inlinable
        init(start: Int, count: Int) {
            self.start = start
            self.count = count
        }
    }

    /// Enough for the names of a middling tenant; both grow by doubling.
    private static let firstArenaCapacity = 1 << 16
    private static let firstSlotCount = 1 << 10

    public let seed: UInt64
    @usableFromInline var arena: UnsafeMutablePointer<UInt8>
    @usableFromInline var arenaCapacity: Int
    @usableFromInline var arenaCount = 0
    @usableFromInline var extents: UnsafeMutablePointer<Extent>
    @usableFromInline var extentCapacity: Int
    @usableFromInline var count = 0
    /// The upper half of a text's hash over its symbol's number, 0 = free. The size is a power of two.
    @usableFromInline var slots: UnsafeMutablePointer<UInt64>
    @usableFromInline var slotMask: Int
    @usableFromInline var generation: UInt64 = 0

    /// As `SymbolTable.generation`.
    @inlinable
    public var currentGeneration: UInt64 { generation }

    init(seed: UInt64) {
        self.seed = seed
        (arena, slots, extents, arenaCapacity, slotMask, extentCapacity) = SymbolStorage.smallest()
        reset()
    }

    private static func smallest() -> (
        UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<Extent>, Int, Int, Int
    ) {
        let slots = UnsafeMutablePointer<UInt64>.allocate(capacity: firstSlotCount)
        slots.initialize(repeating: 0, count: firstSlotCount)
        return (
            .allocate(capacity: firstArenaCapacity), slots, .allocate(capacity: firstSlotCount), firstArenaCapacity, firstSlotCount - 1,
            firstSlotCount
        )
    }

    func deallocate() {
        arena.deallocate()
        slots.deallocate()
        extents.deallocate()
    }

    var byteCount: Int {
        arenaCapacity + (slotMask + 1) * MemoryLayout<UInt64>.stride + extentCapacity * MemoryLayout<Extent>.stride
    }

    /// Forgets all texts and gives the memory of many back.
    mutating func removeAll() {
        deallocate()
        (arena, slots, extents, arenaCapacity, slotMask, extentCapacity) = SymbolStorage.smallest()
        generation &+= 1
        reset()
    }

    /// `none` and `empty` are there from the start.
    private mutating func reset() {
        arenaCount = 0
        extents[0] = Extent(start: 0, count: 0)
        extents[1] = Extent(start: 0, count: 0)
        count = 2
    }

    /// The symbol of `length` ≥ 1 bytes whose hash, by `hash(_:_:_:)`, is `hash`.
    @inlinable @inline(__always)
    public mutating func intern(_ base: UnsafeRawPointer, _ length: Int, _ hash: UInt64) -> Symbol {
        var slot = Int(truncatingIfNeeded: hash) & slotMask
        while true {
            let entry = slots[slot]
            if entry == 0 { return insert(base, length, hash, slot) }
            if (entry ^ hash) >> 32 == 0 {
                let symbol = UInt32(truncatingIfNeeded: entry)
                let extent = extents[Int(symbol)]
                if extent.count == length, ByteComparison.equal(UnsafeRawPointer(arena + extent.start), base, length) {
                    return Symbol(rawValue: symbol)
                }
            }
            slot = (slot &+ 1) & slotMask
        }
    }

    /// As `intern`, but `none` for a text that is not there.
    @inlinable
    public func find(_ base: UnsafeRawPointer, _ length: Int, _ hash: UInt64) -> Symbol {
        var slot = Int(truncatingIfNeeded: hash) & slotMask
        while true {
            let entry = slots[slot]
            if entry == 0 { return .none }
            if (entry ^ hash) >> 32 == 0 {
                let symbol = UInt32(truncatingIfNeeded: entry)
                let extent = extents[Int(symbol)]
                if extent.count == length, ByteComparison.equal(UnsafeRawPointer(arena + extent.start), base, length) {
                    return Symbol(rawValue: symbol)
                }
            }
            slot = (slot &+ 1) & slotMask
        }
    }

    @inlinable
    public func bytes(of symbol: Symbol) -> UnsafeRawBufferPointer {
        let extent = extents[Int(symbol.rawValue)]
        return UnsafeRawBufferPointer(start: arena + extent.start, count: extent.count)
    }

    @usableFromInline @inline(never)
    mutating func insert(_ base: UnsafeRawPointer, _ length: Int, _ hash: UInt64, _ slot: Int) -> Symbol {
        if arenaCapacity - arenaCount < length { growArena(to: arenaCount + length) }
        if count == extentCapacity { growExtents() }
        (UnsafeMutableRawPointer(arena) + arenaCount).copyMemory(from: base, byteCount: length)
        extents[count] = Extent(start: arenaCount, count: length)
        arenaCount += length
        let symbol = UInt32(count)
        count += 1
        slots[slot] = (hash >> 32) << 32 | UInt64(symbol)
        if count * 2 > slotMask { growSlots() }
        return Symbol(rawValue: symbol)
    }

    private mutating func growArena(to needed: Int) {
        let capacity = max(needed, arenaCapacity * 2)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: arena, count: arenaCount)
        arena.deallocate()
        arena = larger
        arenaCapacity = capacity
    }

    private mutating func growExtents() {
        let larger = UnsafeMutablePointer<Extent>.allocate(capacity: extentCapacity * 2)
        larger.update(from: extents, count: count)
        extents.deallocate()
        extents = larger
        extentCapacity *= 2
    }

    private mutating func growSlots() {
        let size = (slotMask + 1) * 2
        slots.deallocate()
        slots = .allocate(capacity: size)
        slots.initialize(repeating: 0, count: size)
        slotMask = size - 1
        for symbol in 2..<count {
            let extent = extents[symbol]
            let hash = SymbolStorage.hash(UnsafeRawPointer(arena + extent.start), extent.count, seed)
            var slot = Int(truncatingIfNeeded: hash) & slotMask
            while slots[slot] != 0 { slot = (slot + 1) & slotMask }
            slots[slot] = (hash >> 32) << 32 | UInt64(symbol)
        }
    }
}

/// The hash is a fold over 8-byte little-endian words, the last one padded with zeros, so that a scanner can compute it word by
/// word while it looks for a text's end: `start`, `step` for each full word, `finish` with the padded rest.
extension SymbolStorage {
    @inlinable @inline(__always)
    public static func start(_ seed: UInt64) -> UInt64 { seed }

    @inlinable @inline(__always)
    public static func step(_ state: UInt64, _ word: UInt64, _ seed: UInt64) -> UInt64 {
        fold(state ^ word, 0xa076_1d64_78bd_642f ^ seed)
    }

    @inlinable @inline(__always)
    public static func finish(_ state: UInt64, _ rest: UInt64, _ length: Int, _ seed: UInt64) -> UInt64 {
        fold(state ^ rest, (0xe703_7ed1_a0b4_28db ^ seed) &+ UInt64(truncatingIfNeeded: length) &* 0x9e37_79b9_7f4a_7c15)
    }

    @inlinable @inline(__always)
    public static func hash(_ base: UnsafeRawPointer, _ length: Int, _ seed: UInt64) -> UInt64 {
        var state = start(seed)
        var offset = 0
        while length - offset >= 8 {
            state = step(state, UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)), seed)
            offset += 8
        }
        return finish(state, ByteComparison.word(base + offset, length - offset, backwards: offset > 0), length, seed)
    }

    @inlinable @inline(__always)
    static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
