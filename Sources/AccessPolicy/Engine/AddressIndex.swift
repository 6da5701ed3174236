import FlowModel

/// Blocks by prefix length, most specific first: one hash look-up for each length that the tenant uses.
struct AddressIndex: Sendable {
    private struct Slot: BitwiseCopyable, Sendable {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var length: Int32 = 0
        /// Position in `resources`; -1 = free.
        var list: Int32 = -1
    }

    private struct Family: Sendable {
        /// Descending.
        var lengths: Table<Int32>
        var slots: Table<Slot>
        var mask: Int
    }

    private let v4: Family
    private let v6: Family
    private let resources: NumberLists

    /// Keyed by a number drawn once per process, so that a crafted document cannot make look-ups slow.
    private static let seed = UInt64.random(in: .min ... .max)
    private let seed: UInt64

    /// - Parameter entries: block and Resource, the Resources ascending.
    init(_ entries: [(block: AddressBlock, resource: Int32)], _ arena: TableArena) {
        var known: [AddressBlock: Int] = [:]
        var blocks: [AddressBlock] = []
        var lists: [[Int32]] = []
        for (block, resource) in entries {
            if let position = known[block] {
                lists[position].append(resource)
            } else {
                known[block] = blocks.count
                blocks.append(block)
                lists.append([resource])
            }
        }
        seed = AddressIndex.seed
        resources = NumberLists(lists, arena)
        v4 = AddressIndex.family(blocks, .v4, seed, arena)
        v6 = AddressIndex.family(blocks, .v6, seed, arena)
    }

    private static func family(_ blocks: [AddressBlock], _ wanted: IPAddress.Family, _ seed: UInt64, _ arena: TableArena) -> Family {
        let mine = blocks.enumerated().filter { $0.element.base.family == wanted }
        let lengths = Set(mine.map { Int32($0.element.prefixLength) }).sorted(by: >)
        var size = 8
        while size < mine.count * 2 { size *= 2 }
        var slots = [Slot](repeating: Slot(), count: size)
        for (list, block) in mine {
            let length = Int32(block.prefixLength)
            var slot = hash(block.base, length, seed) & (size - 1)
            while slots[slot].list >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Slot(high: block.base.high, low: block.base.low, length: length, list: Int32(list))
        }
        return Family(lengths: arena.table(lengths), slots: arena.table(slots), mask: size - 1)
    }

    @inline(__always)
    private static func hash(_ address: IPAddress, _ length: Int32, _ seed: UInt64) -> Int {
        let high = TextIndex.fold(address.high ^ seed, 0xa076_1d64_78bd_642f)
        let low = TextIndex.fold(address.low ^ high ^ UInt64(truncatingIfNeeded: length) << 56, 0xe703_7ed1_a0b4_28db ^ seed)
        return Int(truncatingIfNeeded: low)
    }

    /// Calls `body` with (prefix length, Resource) for each Resource that covers `address`, longest prefix first, ids ascending within
    /// one length. Before each shorter prefix `goOn` says whether to look further.
    @inline(__always)
    func forEach(_ address: IPAddress, goOn: () -> Bool, _ body: (Int32, Int32) -> Void) {
        let family = address.family == .v4 ? v4 : v6
        for position in 0..<family.lengths.count {
            guard goOn() else { return }
            let length = family.lengths[position]
            let masked = AddressBlock.mask(address, Int(length))
            var slot = AddressIndex.hash(masked, length, seed) & family.mask
            while true {
                let entry = family.slots[slot]
                guard entry.list >= 0 else { break }
                if entry.low == masked.low, entry.high == masked.high, entry.length == length {
                    resources.forEach(Int(entry.list)) { body(length, $0) }
                    break
                }
                slot = (slot + 1) & family.mask
            }
        }
    }
}
