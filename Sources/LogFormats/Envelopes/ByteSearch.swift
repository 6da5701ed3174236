import Glibc

/// Bytes found in bytes, by the C library's vectorised routines.
enum ByteSearch {
    @inline(__always)
    static func newline(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer? {
        memchr(start, 0x0a, end - start).map { UnsafeRawPointer($0) }
    }

    @inline(__always)
    static func byte(_ byte: UInt8, _ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer? {
        memchr(start, Int32(byte), end - start).map { UnsafeRawPointer($0) }
    }

    /// Where `text` first occurs.
    static func first(_ text: StaticString, _ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer? {
        let count = text.utf8CodeUnitCount
        var position = start
        while end - position >= count, count > 0 {
            let room = end - position - count + 1
            guard let found = memchr(position, Int32(text.utf8Start.pointee), room) else { return nil }
            if memcmp(found, text.utf8Start, count) == 0 { return UnsafeRawPointer(found) }
            position = UnsafeRawPointer(found) + 1
        }
        return nil
    }

    static func equal(_ text: StaticString, _ start: UnsafeRawPointer, _ count: Int) -> Bool {
        count == text.utf8CodeUnitCount && memcmp(text.utf8Start, start, count) == 0
    }
}
