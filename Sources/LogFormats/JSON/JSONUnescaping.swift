/// JSON strings: escapes read and written.
enum JSONUnescaping {
    /// Four hexadecimal digits; nil when they are not that or not there.
    static func hexUnit(_ position: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UInt32? {
        guard end - position >= 4 else { return nil }
        var value: UInt32 = 0
        for offset in 0..<4 {
            let byte = position.load(fromByteOffset: offset, as: UInt8.self)
            switch byte {
            case 48...57: value = value << 4 | UInt32(byte - 48)
            case 97...102: value = value << 4 | UInt32(byte - 87)
            case 65...70: value = value << 4 | UInt32(byte - 55)
            default: return nil
            }
        }
        return value
    }

    /// Appends the meaning of a string's inside, which a `JSONCursor` has checked, to `output`.
    static func unescape(_ start: UnsafeRawPointer, _ count: Int, into output: inout ByteBuffer) {
        // No escape means more bytes than it takes; words are stored whole, so that there must be room for one more.
        output.reserve(count + 8)
        let end = start + count
        var position = start
        var target = output.start + output.count
        while position < end {
            if end - position >= 8 {
                let word = ByteScan.load(position)
                target.storeBytes(of: word.littleEndian, as: UInt64.self)
                let mask = ByteScan.matches(word, UInt8(ascii: "\\"))
                if mask == 0 {
                    position += 8
                    target += 8
                    continue
                }
                position += ByteScan.index(mask)
                target += ByteScan.index(mask)
            }
            let byte = position.load(as: UInt8.self)
            guard byte == UInt8(ascii: "\\"), end - position >= 2 else {
                target.storeBytes(of: byte, as: UInt8.self)
                target += 1
                position += 1
                continue
            }
            let kind = position.load(fromByteOffset: 1, as: UInt8.self)
            position += 2
            if kind == UInt8(ascii: "u") {
                unicodeEscape(&position, end, &target)
            } else {
                target.storeBytes(of: simpleEscape(kind), as: UInt8.self)
                target += 1
            }
        }
        output.setEnd(target)
    }

    @inline(__always)
    private static func simpleEscape(_ kind: UInt8) -> UInt8 {
        switch kind {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        default: kind
        }
    }

    /// The position is behind `\u`; six bytes or twelve become at most four.
    private static func unicodeEscape(
        _ position: inout UnsafeRawPointer, _ end: UnsafeRawPointer, _ target: inout UnsafeMutableRawPointer
    ) {
        var scalar = hexUnit(position, end) ?? 0xfffd
        position = min(position + 4, end)
        if (0xd800...0xdbff).contains(scalar), end - position >= 6, let low = hexUnit(position + 2, end) {
            scalar = 0x10000 + ((scalar - 0xd800) << 10 | (low &- 0xdc00) & 0x3ff)
            position += 6
        }
        for unit in UTF8.encode(Unicode.Scalar(scalar) ?? "\u{fffd}") ?? UTF8.encodedReplacementCharacter {
            target.storeBytes(of: unit, as: UInt8.self)
            target += 1
        }
    }

    /// The meaning of a checked string's inside.
    static func text(_ start: UnsafeRawPointer, _ count: Int, _ kind: JSONKind) -> String {
        guard kind == .escaped else {
            return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
        }
        var buffer = ByteBuffer()
        defer { buffer.deallocate() }
        unescape(start, count, into: &buffer)
        return String(decoding: buffer.bytes, as: UTF8.self)
    }
}

/// Bytes that grow and are used again; freed by hand by whoever owns it.
struct ByteBuffer {
    private(set) var start: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 512) {
        start = .allocate(byteCount: capacity, alignment: 8)
        self.capacity = capacity
    }

    func deallocate() {
        start.deallocate()
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    mutating func removeAll() { count = 0 }

    /// After bytes were stored into reserved room: where they end.
    @inline(__always)
    mutating func setEnd(_ end: UnsafeMutableRawPointer) { count = end - start }

    mutating func reserve(_ more: Int) {
        guard capacity - count < more else { return }
        let larger = max(capacity * 2, count + more)
        let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
        moved.copyMemory(from: start, byteCount: count)
        start.deallocate()
        start = moved
        capacity = larger
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        if count == capacity { reserve(1) }
        start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    mutating func append(_ source: UnsafeRawPointer, _ number: Int) {
        reserve(number)
        (start + count).copyMemory(from: source, byteCount: number)
        count += number
    }

    mutating func append(_ text: StaticString) {
        append(text.utf8Start, text.utf8CodeUnitCount)
    }
}
