/// Texts to the numbers 0, 1, 2 … in the order in which they were given.
///
/// An open-addressing table over one arena of bytes; a look-up allocates nothing. Hashes are keyed by a number drawn once per process,
/// so that a crafted document cannot make look-ups slow. Immutable once built.
final class TextIndex: Sendable {
    private let arena: [UInt8]
    private let starts: [UInt32]
    /// Upper half of the hash and position + 1; 0 = free. The count is a power of two.
    private let slots: [UInt64]
    private let mask: Int

    static let seed = UInt64.random(in: .min ... .max)

    /// Of equal texts the first one is found.
    init(_ texts: [String]) {
        var arena: [UInt8] = []
        var starts: [UInt32] = [0]
        starts.reserveCapacity(texts.count + 1)
        for text in texts {
            arena.append(contentsOf: text.utf8)
            starts.append(UInt32(clamping: arena.count))
        }
        var size = 8
        while size < texts.count * 2 { size *= 2 }
        var slots = [UInt64](repeating: 0, count: size)
        let mask = size - 1
        arena.withUnsafeBytes { bytes in
            for position in texts.indices {
                let text = UnsafeRawBufferPointer(rebasing: bytes[Int(starts[position])..<Int(starts[position + 1])])
                let hash = TextIndex.hash(text)
                var slot = Int(truncatingIfNeeded: hash) & mask
                while slots[slot] != 0 { slot = (slot + 1) & mask }
                slots[slot] = hash & 0xffff_ffff_0000_0000 | UInt64(position + 1)
            }
        }
        self.arena = arena
        self.starts = starts
        self.slots = slots
        self.mask = mask
    }

    func find(_ text: String) -> Int? {
        text.utf8Span.span.withUnsafeBytes { find($0) }
    }

    func find(_ bytes: UnsafeRawBufferPointer) -> Int? {
        find(bytes, hash: TextIndex.hash(bytes))
    }

    /// `hash` must be that of `bytes`.
    func find(_ bytes: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
        let tag = hash & 0xffff_ffff_0000_0000
        return slots.withUnsafeBufferPointer { slots in
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 {
                let entry = slots[slot]
                if entry & 0xffff_ffff_0000_0000 == tag {
                    let position = Int(truncatingIfNeeded: entry & 0xffff_ffff) - 1
                    if equals(position, bytes) { return position }
                }
                slot = (slot + 1) & mask
            }
            return nil
        }
    }

    private func equals(_ position: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let start = Int(starts[position])
        guard Int(starts[position + 1]) - start == bytes.count else { return false }
        return arena.withUnsafeBytes { arena in
            var offset = 0
            while offset + 8 <= bytes.count {
                if arena.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self)
                    != bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                {
                    return false
                }
                offset += 8
            }
            while offset < bytes.count {
                if arena[start + offset] != bytes[offset] { return false }
                offset += 1
            }
            return true
        }
    }

    /// Multiply and fold over words of 8 bytes.
    @inline(__always)
    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = TextIndex.seed) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: bytes.count) &* 0x9e37_79b9_7f4a_7c15
        var offset = 0
        while offset + 8 <= bytes.count {
            state = fold(state ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self), 0xa076_1d64_78bd_642f ^ seed)
            offset += 8
        }
        var tail: UInt64 = 0
        if offset < bytes.count {
            if bytes.count >= 8 {
                tail = bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
            } else {
                while offset < bytes.count {
                    tail = tail << 8 | UInt64(bytes[offset])
                    offset += 1
                }
            }
        }
        return fold(state ^ tail, 0xe703_7ed1_a0b4_28db)
    }

    @inline(__always)
    static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}

/// Lists of numbers one after the other in a single array.
struct PackedLists: Sendable {
    private(set) var starts: [Int32] = [0]
    private(set) var items: [Int32] = []

    var count: Int { starts.count - 1 }

    init() {}

    init(_ lists: [[Int32]]) {
        starts.reserveCapacity(lists.count + 1)
        for list in lists { append(list) }
    }

    mutating func append(_ list: some Sequence<Int32>) {
        items.append(contentsOf: list)
        starts.append(Int32(clamping: items.count))
    }

    @inline(__always)
    func range(_ index: Int) -> Range<Int> {
        Int(starts[index])..<Int(starts[index + 1])
    }
}
