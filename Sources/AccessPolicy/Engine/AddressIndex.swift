import FlowModel

/// Blocks by prefix length, most specific first: one hash look-up for each length that the tenant uses.
struct AddressIndex: Sendable {
    private struct Key: Hashable {
        var block: AddressBlock
    }

    private struct Family: Sendable {
        /// Descending.
        var lengths: [Int] = []
        /// Masked address and length, open addressing; `lists[slot]` is -1 where free.
        var highs: [UInt64] = []
        var lows: [UInt64] = []
        var slotLengths: [UInt8] = []
        var lists: [Int32] = []
        var mask = 0
    }

    private var v4 = Family()
    private var v6 = Family()
    private var resources = PackedLists()

    /// - Parameter entries: block and Resource, the Resources ascending.
    init(_ entries: [(block: AddressBlock, resource: Int32)]) {
        var byBlock: [AddressBlock: Int] = [:]
        var blocks: [AddressBlock] = []
        var lists: [[Int32]] = []
        for (block, resource) in entries {
            if let position = byBlock[block] {
                lists[position].append(resource)
            } else {
                byBlock[block] = blocks.count
                blocks.append(block)
                lists.append([resource])
            }
        }
        resources = PackedLists(lists)
        v4 = AddressIndex.family(blocks, .v4)
        v6 = AddressIndex.family(blocks, .v6)
    }

    private static func family(_ blocks: [AddressBlock], _ wanted: IPAddress.Family) -> Family {
        let mine = blocks.enumerated().filter { $0.element.base.family == wanted }
        var family = Family()
        family.lengths = Set(mine.map(\.element.prefixLength)).sorted(by: >)
        guard !mine.isEmpty else { return family }
        var size = 8
        while size < mine.count * 2 { size *= 2 }
        family.mask = size - 1
        family.highs = Array(repeating: 0, count: size)
        family.lows = Array(repeating: 0, count: size)
        family.slotLengths = Array(repeating: 0, count: size)
        family.lists = Array(repeating: -1, count: size)
        for (list, block) in mine {
            var slot = hash(block.base, block.prefixLength) & family.mask
            while family.lists[slot] >= 0 { slot = (slot + 1) & family.mask }
            family.highs[slot] = block.base.high
            family.lows[slot] = block.base.low
            family.slotLengths[slot] = UInt8(block.prefixLength)
            family.lists[slot] = Int32(list)
        }
        return family
    }

    @inline(__always)
    private static func hash(_ address: IPAddress, _ length: Int) -> Int {
        let high = TextIndex.fold(address.high ^ TextIndex.seed, 0xa076_1d64_78bd_642f)
        let low = TextIndex.fold(address.low ^ high ^ UInt64(truncatingIfNeeded: length) << 56, 0xe703_7ed1_a0b4_28db)
        return Int(truncatingIfNeeded: low >> 8)
    }

    /// Calls `body` with (prefix length, Resource) for each Resource that covers `address`, longest prefix first, ids ascending within
    /// one length. `body` is asked before each shorter prefix whether to go on: it gets Resource -1 and returns false to stop.
    @inline(__always)
    func forEach(_ address: IPAddress, _ body: (Int32, Int32) -> Bool) {
        let family = address.family == .v4 ? v4 : v6
        for length in family.lengths {
            guard body(Int32(truncatingIfNeeded: length), -1) else { return }
            let masked = AddressBlock.mask(address, length)
            var slot = AddressIndex.hash(masked, length) & family.mask
            while family.lists[slot] >= 0 {
                if family.lows[slot] == masked.low, family.highs[slot] == masked.high, Int(family.slotLengths[slot]) == length {
                    for index in resources.range(Int(family.lists[slot])) {
                        _ = body(Int32(truncatingIfNeeded: length), resources.items[index])
                    }
                    break
                }
                slot = (slot + 1) & family.mask
            }
        }
    }
}
