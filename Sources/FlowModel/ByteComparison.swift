/// Byte runs compared and loaded by the word.
public enum ByteComparison {
    /// Whether `count` bytes at both places are the same.
    @inlinable @inline(__always)
    public static func equal(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ count: Int) -> Bool {
        if count >= 8 {
            var offset = 0
            let last = count - 8
            while offset < last {
                if load(left, offset) != load(right, offset) { return false }
                offset += 8
            }
            // The last word may overlap the one before.
            return load(left, last) == load(right, last)
        }
        return word(left, count, backwards: false) == word(right, count, backwards: false)
    }

    /// Fewer than 8 bytes as the low bytes of a little-endian word, the rest zero. Reads nothing outside of the bytes, save that
    /// with `backwards` the bytes before `base` that complete a word are known to be readable.
    @inlinable @inline(__always)
    public static func word(_ base: UnsafeRawPointer, _ count: Int, backwards: Bool) -> UInt64 {
        if count <= 0 { return 0 }
        if backwards {
            return UInt64(littleEndian: base.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)) &>> UInt64(64 - 8 * count)
        }
        if count >= 4 {
            let low = UInt64(UInt32(littleEndian: base.loadUnaligned(as: UInt32.self)))
            let high = UInt64(UInt32(littleEndian: base.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)))
            return low | high &<< UInt64(8 * (count - 4))
        }
        let first = UInt64(base.load(as: UInt8.self))
        let middle = UInt64(base.load(fromByteOffset: count / 2, as: UInt8.self))
        let last = UInt64(base.load(fromByteOffset: count - 1, as: UInt8.self))
        return first | middle &<< UInt64(8 * (count / 2)) | last &<< UInt64(8 * (count - 1))
    }

    @inlinable @inline(__always)
    static func load(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
}
