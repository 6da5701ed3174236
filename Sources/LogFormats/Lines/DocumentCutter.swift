/// Finds where the objects of JSON documents end: one array of them, or one after the other, over as many lines as they like.
///
/// Only braces and strings are followed; whether an object is well-formed is for its reader to say. A zero byte ends what it stands in.
struct DocumentCutter {
    enum State {
        /// Between objects.
        case between
        /// Within an object, and in so many of them.
        case object(depth: Int)
        case string(depth: Int)
        /// Behind a backslash in a string.
        case escape(depth: Int)
        /// Within something that is no object; ends with its line.
        case other
    }

    private(set) var phase = State.between
    private var newlines: UInt64 = 0

    static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0a, 0x0d, UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"): true
        default: false
        }
    }

    var isBetween: Bool {
        if case .between = phase { true } else { false }
    }

    mutating func begin(_ byte: UInt8) {
        phase = byte == UInt8(ascii: "{") ? .object(depth: 0) : .other
    }

    /// Line feeds in the record that ended.
    mutating func takeNewlines() -> UInt64 {
        defer { newlines = 0 }
        phase = .between
        return newlines
    }

    /// Passes over bytes of the record that has begun, to its end or the end of the bytes.
    mutating func advance(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer {
        var position = start
        while position < end {
            let byte = position.load(as: UInt8.self)
            if byte == 0x0a {
                if case .other = phase {
                    phase = .between
                    return position
                }
                newlines &+= 1
            }
            // No JSON holds a zero byte: the object was torn there.
            if byte == 0 {
                phase = .between
                return position
            }
            position += 1
            switch phase {
            case .object(let depth):
                switch byte {
                case UInt8(ascii: "\""): phase = .string(depth: depth)
                case UInt8(ascii: "{"): phase = .object(depth: depth + 1)
                case UInt8(ascii: "}"):
                    phase = .object(depth: depth - 1)
                    if depth <= 1 {
                        phase = .between
                        return position
                    }
                default: break
                }
            case .string(let depth):
                if byte == UInt8(ascii: "\"") { phase = .object(depth: depth) }
                if byte == UInt8(ascii: "\\") { phase = .escape(depth: depth) }
            case .escape(let depth): phase = .string(depth: depth)
            case .other, .between: break
            }
        }
        return position
    }
}
