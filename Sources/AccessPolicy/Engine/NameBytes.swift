/// Looks at the bytes of names eight at a time.
enum NameBytes {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The 8 bytes from `start` on, zeros behind the end.
    @inline(__always)
    static func word(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> UInt64 {
        let count = bytes.count - start
        if count >= 8 { return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)) }
        guard bytes.count < 8 else {
            // The last 8 bytes, those that came before `start` shifted out.
            let last = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self))
            return last >> UInt64(8 * (8 - count))
        }
        var word: UInt64 = 0
        for index in start..<bytes.count { word |= UInt64(bytes[index]) << UInt64(8 * (index - start)) }
        return word
    }

    /// The top bit of every byte that is a dot.
    @inline(__always)
    static func dots(in word: UInt64) -> UInt64 {
        let differences = word ^ (ones &* 0x2e)
        return ~(((differences & ~tops) &+ ~tops) | differences) & tops
    }

    /// Lower-case ASCII without a trailing dot, which nearly all recorded names are.
    @inline(__always)
    static func isNormalized(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.last != UInt8(ascii: ".") else { return false }
        var odd: UInt64 = 0
        var start = 0
        while start < bytes.count {
            let word = word(bytes, start)
            // In ASCII, adding 0x3f sets the top bit from `A` on and adding 0x25 from `[` on.
            let fromA = (word & ~tops) &+ (ones &* 0x3f)
            let afterZ = (word & ~tops) &+ (ones &* 0x25)
            odd |= word | (fromA & ~afterZ)
            start += 8
        }
        return odd & tops == 0
    }
}
