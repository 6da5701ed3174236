public import AccessPolicy
internal import FlowModel

/// Remembers what was said about flows, for those that differ from them in nothing but time. An answer is a number of the caller's.
///
/// An open-addressing table whose entries take half a cache line, since walking flows is mostly waiting for memory. All answers are
/// forgotten when there are as many as allowed. Hashes are keyed at random, so that crafted logs cannot make look-ups slow. Not safe for
/// use from several threads at once.
public final class AnswerMemory {
    /// 32 MB.
    public static let defaultLimit = 500_000
    private static let firstCapacity = 1 << 12

    /// Aggregate, address that was connected to, remark: whoever shares these shares principal, destination, Connector and outcome.
    private struct Key: Equatable {
        var aggregate: UInt32 = 0
        var resourceIP: UInt32 = 0
        var remark: UInt32 = 0

        init() {}

        /// Nil for numbers beyond 32 bits, which are not remembered.
        @inline(__always)
        init?(_ flow: StoredFlow) {
            guard (flow.aggregate | flow.resourceIP | flow.remark) >> 32 == 0 else { return nil }
            aggregate = UInt32(truncatingIfNeeded: flow.aggregate)
            resourceIP = UInt32(truncatingIfNeeded: flow.resourceIP)
            remark = UInt32(truncatingIfNeeded: flow.remark)
        }
    }

    private struct Entry {
        var key: Key
        /// `free` in a place without entry.
        var answer: Int32
        var from: Int64
        var until: Int64

        static let free = Int32.min
        static let none = Entry(key: Key(), answer: free, from: 0, until: 0)
    }

    private let limit: Int
    private let seed = UInt64.random(in: .min ... .max)
    private var count = 0
    private var mask = firstCapacity - 1
    private var entries: UnsafeMutablePointer<Entry>

    /// - Parameter limit: answers remembered at a time; 0 remembers none.
    public init(limit: Int = AnswerMemory.defaultLimit) {
        self.limit = limit
        entries = AnswerMemory.table(mask + 1)
    }

    deinit {
        entries.deallocate()
    }

    private static func table(_ capacity: Int) -> UnsafeMutablePointer<Entry> {
        let table = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
        table.initialize(repeating: .none, count: capacity)
        return table
    }

    /// The answer for a flow, where it is known to hold at the start, with `wholeLife` up to the end, too.
    public func answer(_ flow: StoredFlow, wholeLife: Bool) -> Int? {
        guard let key = Key(flow) else { return nil }
        let entry = entries[slot(key)]
        let start = flow.startedAt.milliseconds
        guard entry.answer != Entry.free, start >= entry.from, start < entry.until else { return nil }
        if wholeLife, let end = flow.endedAt?.milliseconds, end < entry.from || end >= entry.until { return nil }
        return Int(entry.answer)
    }

    public func remember(_ flow: StoredFlow, _ answer: Int, while holds: Validity) {
        guard limit > 0, let key = Key(flow), let answer = Int32(exactly: answer), answer != Entry.free else { return }
        var place = slot(key)
        if entries[place].answer == Entry.free {
            if count >= limit {
                entries.update(repeating: .none, count: mask + 1)
                count = 0
                place = slot(key)
            } else if count * 2 >= mask {
                grow()
                place = slot(key)
            }
            count += 1
        }
        entries[place] = Entry(key: key, answer: answer, from: holds.from.milliseconds, until: holds.until.milliseconds)
    }

    /// Where the key stands, or would stand.
    @inline(__always)
    private func slot(_ key: Key) -> Int {
        let product = (seed ^ (UInt64(key.aggregate) << 32 | UInt64(key.resourceIP))).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        let mixed = (product.high ^ product.low ^ UInt64(key.remark)).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        var slot = Int(truncatingIfNeeded: mixed.high ^ mixed.low) & mask
        while entries[slot].answer != Entry.free, entries[slot].key != key { slot = (slot &+ 1) & mask }
        return slot
    }

    private func grow() {
        let (old, oldCapacity) = (entries, mask + 1)
        mask = oldCapacity * 2 - 1
        entries = AnswerMemory.table(mask + 1)
        for place in 0..<oldCapacity where old[place].answer != Entry.free { entries[slot(old[place].key)] = old[place] }
        old.deallocate()
    }
}
