import Glibc

extension UnsafeRawBufferPointer {
    /// The index of the first byte of that value.
    func first(_ byte: UInt8) -> Int? {
        guard let base = baseAddress, let found = memchr(base, Int32(byte), count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// The index of the first line feed.
    var lineFeed: Int? { first(UInt8(ascii: "\n")) }
}
