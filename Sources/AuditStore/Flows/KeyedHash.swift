internal import GRDB

/// A 64-bit hash of bytes under a key that stays with the database, so that nobody can craft connection ids that collide.
///
/// Its values stand in databases: it must not change.
enum KeyedHash {
    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var state = mix(seed, UInt64(bytes.count))
        var offset = 0
        while offset + 8 <= bytes.count {
            state = mix(state, UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < bytes.count {
            tail = tail << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return mix(state, tail)
    }

    /// Both halves of a product of 64-bit words, folded; the constants are odd words with bits evenly set.
    @inline(__always)
    static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: word ^ 0xd6e8_feb8_6659_fd93 ^ (state >> 32))
        return product.high ^ product.low ^ (state << 1)
    }

    /// The key of a database; nil in one that ingest never wrote to.
    static func storedSeed(_ database: Database) throws -> UInt64? {
        try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = 'identity-seed'").flatMap { UInt64($0) }
    }
}
