/// Numbers for tuples of integers: an open-addressing hash table over flat memory, so that a look-up allocates nothing and touches few
/// cache lines.
///
/// Hashes are keyed at random, so that crafted logs cannot make look-ups slow. Not safe for use from several threads at once.
final class KeyTable {
    private static let firstCapacity = 1 << 10

    /// Integers in a key.
    let width: Int
    private(set) var count = 0
    private let seed = UInt64.random(in: .min ... .max)
    private var capacity = firstCapacity
    private var keys: UnsafeMutablePointer<Int64>
    private var values: UnsafeMutablePointer<Int64>
    /// The upper half of a key's hash over its place + 1; 0 = free. Twice as many as there may be keys.
    private var slots: UnsafeMutablePointer<UInt64>
    private var mask: Int

    init(width: Int) {
        self.width = width
        keys = .allocate(capacity: width * capacity)
        values = .allocate(capacity: capacity)
        mask = capacity * 2 - 1
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: 0, count: mask + 1)
    }

    deinit {
        keys.deallocate()
        values.deallocate()
        slots.deallocate()
    }

    var byteCount: Int { capacity * (width + 1 + 2) * MemoryLayout<Int64>.stride }

    /// The value of a key of `width` integers; nil when it has none.
    @inline(__always)
    func find(_ key: UnsafePointer<Int64>) -> Int64? {
        place(key).map { values[$0] }
    }

    /// The place of a key, from 0 in the order of insertion.
    @inline(__always)
    func place(_ key: UnsafePointer<Int64>) -> Int? {
        let hash = hash(key)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let entry = slots[slot]
            if entry == 0 { return nil }
            if (entry ^ hash) >> 32 == 0 {
                let place = Int(truncatingIfNeeded: entry & 0xffff_ffff) - 1
                if equals(keys + place * width, key) { return place }
            }
            slot = (slot &+ 1) & mask
        }
    }

    /// Adds a key that is not there; gives its place.
    @discardableResult
    func insert(_ key: UnsafePointer<Int64>, _ value: Int64) -> Int {
        if count == capacity { grow() }
        (keys + count * width).update(from: key, count: width)
        values[count] = value
        count += 1
        occupy(hash(key), count)
        return count - 1
    }

    func key(at place: Int) -> UnsafePointer<Int64> { UnsafePointer(keys + place * width) }

    func setValue(_ value: Int64, at place: Int) { values[place] = value }

    /// Empties the table and gives the memory of a large one back.
    func removeAll() {
        count = 0
        guard capacity > KeyTable.firstCapacity else {
            slots.update(repeating: 0, count: mask + 1)
            return
        }
        resize(to: KeyTable.firstCapacity)
    }

    private func grow() { resize(to: capacity * 2) }

    private func resize(to newCapacity: Int) {
        let newKeys = UnsafeMutablePointer<Int64>.allocate(capacity: width * newCapacity)
        let newValues = UnsafeMutablePointer<Int64>.allocate(capacity: newCapacity)
        newKeys.update(from: keys, count: width * count)
        newValues.update(from: values, count: count)
        keys.deallocate()
        values.deallocate()
        slots.deallocate()
        keys = newKeys
        values = newValues
        capacity = newCapacity
        mask = newCapacity * 2 - 1
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: 0, count: mask + 1)
        for place in 0..<count { occupy(hash(keys + place * width), place + 1) }
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

    @inline(__always)
    private func hash(_ key: UnsafePointer<Int64>) -> UInt64 {
        var state = seed
        for index in 0..<width {
            let product = (state ^ UInt64(bitPattern: key[index])).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
            state = product.high ^ product.low
        }
        let last = state.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return last.high ^ last.low
    }
}
