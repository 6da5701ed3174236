import Glibc

extension UnsafeRawBufferPointer {
    /// The index of the first line feed.
    var lineFeed: Int? {
        guard let base = baseAddress, let found = memchr(base, 10, count) else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
