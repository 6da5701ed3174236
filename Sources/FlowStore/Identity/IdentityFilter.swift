/// A Bloom filter over keys of 48 bits, in blocks of one 64-bit word each: a key that is there is never denied, and of those that are not
/// about one in forty is not told apart.
///
/// Blocks ascend with keys, so that asking in the order of keys walks through memory once.
struct IdentityFilter {
    private static let bitsPerKey = 11
    private static let bitsSet: UInt64 = 5

    private(set) var words: [UInt64]

    init(expecting keys: Int) {
        words = [UInt64](repeating: 0, count: max(1, keys * IdentityFilter.bitsPerKey / 64))
    }

    /// As `bytes` gave them; nil when they are no filter.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8, bytes.count % 8 == 0 else { return nil }
        words = (0..<bytes.count / 8).map { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.count * 8)
        for word in words { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }

    var byteCount: Int { words.count * 8 }

    @inline(__always)
    private static func bits(_ key: UInt64) -> UInt64 {
        // The block was chosen by the upper bits; what is mixed here depends on all of them.
        var mixed = key &* 0x9e37_79b9_7f4a_7c15
        mixed ^= mixed >> 29
        var bits: UInt64 = 0
        for index in 0..<bitsSet { bits |= 1 << ((mixed >> (index * 6)) & 63) }
        return bits
    }

    @inline(__always)
    private func block(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key << 16).multipliedFullWidth(by: UInt64(words.count)).high)
    }

    mutating func insert(_ key: UInt64) {
        words[block(key)] |= IdentityFilter.bits(key)
    }

    @inline(__always)
    func mayContain(_ key: UInt64) -> Bool {
        let bits = IdentityFilter.bits(key)
        return words[block(key)] & bits == bits
    }
}
