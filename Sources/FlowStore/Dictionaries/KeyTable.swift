internal import CPrefetch

/// Values for tuples of integers: an open-addressing hash table over flat memory, so that a look-up allocates nothing and touches few
/// cache lines.
///
/// Hashes are keyed at random, so that crafted logs cannot make look-ups slow. Not safe for use from several threads at once.
package final class KeyTable<Value: BitwiseCopyable> {
    /// Integers in a key.
    let width: Int
    package private(set) var count = 0
    private let seed = UInt64.random(in: .min ... .max)
    private let firstCapacity: Int
    private var capacity: Int
    /// A record is a key and, behind it, its value; in the order of insertion.
    private let recordBytes: Int
    private var recordMemory: PagedMemory
    private var records: UnsafeMutableRawPointer { recordMemory.base }
    /// The upper half of a key's hash over its place + 1; 0 = free. Twice as many as there may be keys.
    private var slotMemory: PagedMemory
    private var slots: UnsafeMutablePointer<UInt64> { slotMemory.base.assumingMemoryBound(to: UInt64.self) }
    private var mask: Int

    /// `capacity`: a power of two, of the keys that there is room for at first.
    package init(width: Int, capacity: Int = 1 << 10) {
        self.width = width
        self.capacity = capacity
        firstCapacity = capacity
        recordBytes = (width * MemoryLayout<Int64>.stride + MemoryLayout<Value>.size + 7) & ~7
        recordMemory = PagedMemory(byteCount: recordBytes * capacity)
        mask = capacity * 2 - 1
        slotMemory = KeyTable.freeSlots(mask + 1)
    }

    deinit {
        recordMemory.deallocate()
        slotMemory.deallocate()
    }

    var byteCount: Int { capacity * (recordBytes + 2 * MemoryLayout<UInt64>.stride) }

    /// The value of a key of `width` integers; nil when it has none.
    @inline(__always)
    func find(_ key: UnsafePointer<Int64>) -> Value? {
        place(key).map { value(at: $0).pointee }
    }

    /// The place of a key, from 0 in the order of insertion.
    @inline(__always)
    package func place(_ key: UnsafePointer<Int64>) -> Int? { place(key, hash(key)) }

    @inline(__always)
    private func place(_ key: UnsafePointer<Int64>, _ hash: UInt64) -> Int? {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let entry = slots[slot]
            if entry == 0 { return nil }
            if (entry ^ hash) >> 32 == 0 {
                let place = Int(truncatingIfNeeded: entry & 0xffff_ffff) - 1
                if equals(self.key(at: place), key) { return place }
            }
            slot = (slot &+ 1) & mask
        }
    }

    /// The places of `count` keys that lie one behind the other; those that are not there are added with `value`.
    ///
    /// What they need of memory is fetched for all of them at the same time, where one after the other would wait in turn.
    func places(
        of keys: UnsafePointer<Int64>, count: Int, new value: Value, into places: UnsafeMutablePointer<Int>
    ) {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { hashes in
            for index in 0..<count {
                hashes[index] = hash(keys + index * width)
                twin_prefetch(slots + (Int(truncatingIfNeeded: hashes[index]) & mask))
            }
            for index in 0..<count { prefetchRecord(slot: Int(truncatingIfNeeded: hashes[index]) & mask) }
            for index in 0..<count {
                let key = keys + index * width
                places[index] = place(key, hashes[index]) ?? insert(key, value)
            }
        }
    }

    /// Begins to fetch what finding the key needs first.
    @inline(__always)
    func prefetchSlot(_ key: UnsafePointer<Int64>) {
        twin_prefetch(slots + (Int(truncatingIfNeeded: hash(key)) & mask))
    }

    /// Begins to fetch what finding the key needs then; for the time when the slot is there.
    @inline(__always)
    func prefetchRecord(_ key: UnsafePointer<Int64>) {
        prefetchRecord(slot: Int(truncatingIfNeeded: hash(key)) & mask)
    }

    @inline(__always)
    private func prefetchRecord(slot: Int) {
        let entry = slots[slot]
        guard entry != 0 else { return }
        let record = records + (Int(truncatingIfNeeded: entry & 0xffff_ffff) - 1) * recordBytes
        twin_prefetch(record)
        twin_prefetch(record + (recordBytes - 1))
    }

    /// Adds a key that is not there; gives its place.
    @discardableResult
    package func insert(_ key: UnsafePointer<Int64>, _ value: Value) -> Int {
        if count == capacity { resize(to: capacity * 2) }
        let record = records + count * recordBytes
        record.assumingMemoryBound(to: Int64.self).update(from: key, count: width)
        self.value(at: count).pointee = value
        count += 1
        occupy(hash(key), count)
        return count - 1
    }

    @inline(__always)
    package func key(at place: Int) -> UnsafePointer<Int64> {
        UnsafePointer((records + place * recordBytes).assumingMemoryBound(to: Int64.self))
    }

    /// The value of the key at a place; the pointer holds until a key is added.
    @inline(__always)
    package func value(at place: Int) -> UnsafeMutablePointer<Value> {
        (records + (place * recordBytes + width * MemoryLayout<Int64>.stride)).assumingMemoryBound(to: Value.self)
    }

    /// Empties the table and gives the memory of a large one back.
    package func removeAll() {
        count = 0
        guard capacity > firstCapacity else {
            slots.update(repeating: 0, count: mask + 1)
            return
        }
        resize(to: firstCapacity)
    }

    private func resize(to newCapacity: Int) {
        let moved = PagedMemory(byteCount: recordBytes * newCapacity)
        moved.base.copyMemory(from: records, byteCount: recordBytes * count)
        recordMemory.deallocate()
        slotMemory.deallocate()
        recordMemory = moved
        capacity = newCapacity
        mask = newCapacity * 2 - 1
        slotMemory = KeyTable.freeSlots(mask + 1)
        for place in 0..<count { occupy(hash(key(at: place)), place + 1) }
    }

    private static func freeSlots(_ count: Int) -> PagedMemory {
        let memory = PagedMemory(byteCount: count * MemoryLayout<UInt64>.stride)
        memory.base.bindMemory(to: UInt64.self, capacity: count).initialize(repeating: 0, count: count)
        return memory
    }

    private func occupy(_ hash: UInt64, _ entry: Int) {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 { slot = (slot &+ 1) & mask }
        slots[slot] = (hash >> 32) << 32 | UInt64(truncatingIfNeeded: entry)
    }

    @inline(__always)
    private func equals(_ left: UnsafePointer<Int64>, _ right: UnsafePointer<Int64>) -> Bool {
        var difference: Int64 = 0
        for index in 0..<width { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    /// The same for the same key as long as the table lives.
    @inline(__always)
    func hash(_ key: UnsafePointer<Int64>) -> UInt64 {
        var state = seed
        for index in 0..<width {
            let product = (state ^ UInt64(bitPattern: key[index])).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
            state = product.high ^ product.low
        }
        let last = state.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return last.high ^ last.low
    }
}
