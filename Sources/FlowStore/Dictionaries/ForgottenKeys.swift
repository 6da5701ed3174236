/// Which keys a table has had, after it forgot them: a key that was there is never denied, and of the others about one in a thousand is not
/// told apart.
///
/// Four bytes a key. Hashes are the table's, keyed at random, so that crafted keys are no more often mistaken than others.
struct ForgottenKeys {
    /// Bytes from which on nothing is known of any key any more.
    static let byteLimit = 64 << 20
    /// A filter is three times as large as one for which one in forty is good enough.
    private static let spread = 3
    private static let firstCapacity = 1 << 18

    private var filters: [IdentityFilter] = []
    private var capacity = 0
    /// Keys that the last filter has room for.
    private var room = 0
    private let byteLimit: Int

    init(byteLimit: Int = ForgottenKeys.byteLimit) {
        self.byteLimit = byteLimit
    }

    /// With all keys of a table; nil when that were too many.
    consuming func adding<Value>(_ table: KeyTable<Value>) -> ForgottenKeys? {
        // One that was forgotten before, asked for and remembered again takes no more room.
        var hashes: [UInt64] = []
        for place in 0..<table.count {
            let hash = table.hash(table.key(at: place)) >> 16
            if !mayContain(hash) { hashes.append(hash) }
        }
        if room < hashes.count {
            // Each is twice as large as the one before, so that there are few to ask.
            capacity = max(capacity * 2, ForgottenKeys.firstCapacity, hashes.count)
            let filter = IdentityFilter(expecting: capacity * ForgottenKeys.spread)
            guard filters.reduce(filter.byteCount, { $0 + $1.byteCount }) <= byteLimit else { return nil }
            filters.append(filter)
            room = capacity
        }
        for hash in hashes { filters[filters.count - 1].insert(hash) }
        room -= hashes.count
        return self
    }

    func mayContain<Value>(_ key: UnsafePointer<Int64>, of table: KeyTable<Value>) -> Bool {
        mayContain(table.hash(key) >> 16)
    }

    private func mayContain(_ hash: UInt64) -> Bool {
        filters.contains { $0.mayContain(hash) }
    }
}
