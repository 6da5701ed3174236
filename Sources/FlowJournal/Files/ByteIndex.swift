import Glibc

extension UnsafeRawBufferPointer {
    /// The index of the first byte of that value.
    func first(_ byte: UInt8) -> Int? {
        guard let base = baseAddress, let found = memchr(base, Int32(byte), count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// The index of the first line feed.
    var lineFeed: Int? { first(UInt8(ascii: "\n")) }

    /// Whether there is no byte but zeros.
    var isZero: Bool {
        guard let base = baseAddress, count > 0 else { return true }
        return self[0] == 0 && memcmp(base, base + 1, count - 1) == 0
    }
}
