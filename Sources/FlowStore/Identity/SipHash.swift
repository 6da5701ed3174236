/// SipHash-2-4 (Aumasson and Bernstein, 2012) over 64-bit words: a keyed hash for which nobody is known to be able to craft collisions
/// without the key. The same as over the words' bytes, little-endian, one behind the other.
package struct SipHash {
    package struct Key: Hashable, Sendable {
        var first: UInt64
        var second: UInt64

        package init(
            first: UInt64, second: UInt64
        ) {
            self.first = first
            self.second = second
        }
    }

    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var words: UInt64 = 0

    @inline(__always)
    package init(_ key: Key) {
        v0 = key.first ^ 0x736f_6d65_7073_6575
        v1 = key.second ^ 0x646f_7261_6e64_6f6d
        v2 = key.first ^ 0x6c79_6765_6e65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = (v1 << 13 | v1 >> 51) ^ v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = (v3 << 16 | v3 >> 48) ^ v2
        v0 &+= v3
        v3 = (v3 << 21 | v3 >> 43) ^ v0
        v2 &+= v1
        v1 = (v1 << 17 | v1 >> 47) ^ v2
        v2 = v2 << 32 | v2 >> 32
    }

    @inline(__always)
    package mutating func append(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
        words &+= 1
    }

    @inline(__always)
    package mutating func append(_ word: Int64) { append(UInt64(bitPattern: word)) }

    /// Bytes behind their number, the last word filled with zeros: two sequences of bytes are never the same words.
    @inline(__always)
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        append(UInt64(truncatingIfNeeded: bytes.count))
        append(words: bytes)
    }

    /// Two sequences of fewer than 2^32 bytes, behind the number of each.
    @inline(__always)
    mutating func append(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) {
        append(UInt64(truncatingIfNeeded: first.count) << 32 | UInt64(truncatingIfNeeded: second.count))
        append(words: first)
        append(words: second)
    }

    @inline(__always)
    private mutating func append(words bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset + 8 <= bytes.count {
            append(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        guard offset < bytes.count else { return }
        var last: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count {
            last |= UInt64(bytes[offset]) << shift
            offset += 1
            shift += 8
        }
        append(last)
    }

    @inline(__always)
    package consuming func finish() -> UInt64 {
        append((words &* 8) << 56)
        v2 ^= 0xff
        round()
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }
}
