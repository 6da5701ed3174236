/// Bounds on JSON that is read.
public enum JSONLimits {
    /// Levels of arrays and objects, the outermost counted. Events of the field have 3; a parser without a bound can be made to
    /// exhaust its stack.
    public static let deepest = 64
}

/// What kind of value a span of JSON text is.
enum JSONKind: UInt8 {
    /// A string without escapes, quotes not counted in the span.
    case plain
    /// A string with escapes.
    case escaped
    /// A number that is an optional minus and digits.
    case integer
    /// A number with a fraction or an exponent.
    case number
    case boolean
    case null
    case object
    case array
}

/// A strict reader of RFC 8259 text: every byte it passes over is checked.
///
/// Beyond the grammar: UTF-8 must be well-formed, escapes must not name a lone surrogate, nesting is bounded.
struct JSONCursor {
    private(set) var start: UnsafeRawPointer
    var position: UnsafeRawPointer
    let end: UnsafeRawPointer

    init(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) {
        self.start = start
        position = start
        self.end = end
    }

    init(_ bytes: UnsafeRawBufferPointer, empty: UnsafeRawPointer) {
        let base = bytes.baseAddress ?? empty
        self.init(base, base + bytes.count)
    }

    /// The byte under the cursor; 0, which starts no token, at the end.
    @inline(__always)
    var byte: UInt8 { position < end ? position.load(as: UInt8.self) : 0 }

    @inline(__always)
    mutating func skipBlanks() {
        while position < end {
            let byte = position.load(as: UInt8.self)
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
            position += 1
        }
    }

    @inline(never)
    func problem(_ what: String, _ reason: QuarantineReason = .malformedJSON) -> Rejection {
        Rejection(reason, "\(what) at byte \(position - start)")
    }

    @inline(__always)
    mutating func expect(_ wanted: UInt8) throws(Rejection) {
        guard byte == wanted, position < end else {
            throw problem(
                position < end
                    ? "expected `\(String(decoding: CollectionOfOne(wanted), as: UTF8.self))`"
                    : "the text ends too early")
        }
        position += 1
    }

    /// Reads the rest of a string whose opening quote is passed; leaves the cursor after the closing one. The span that it gives
    /// is without quotes.
    mutating func string() throws(Rejection) -> (start: UnsafeRawPointer, count: Int, kind: JSONKind) {
        let first = position
        var kind = JSONKind.plain
        while true {
            while end - position >= 8 {
                let mask = ByteScan.special(ByteScan.load(position))
                if mask != 0 {
                    position += ByteScan.index(mask)
                    break
                }
                position += 8
            }
            guard position < end else { throw problem("a string without an end") }
            let byte = position.load(as: UInt8.self)
            if byte == UInt8(ascii: "\"") {
                let count = position - first
                position += 1
                return (first, count, kind)
            } else if byte == UInt8(ascii: "\\") {
                kind = .escaped
                // JSON inside of JSON is full of these two.
                if end - position >= 2, JSONCursor.isCommonEscape(position.load(fromByteOffset: 1, as: UInt8.self)) {
                    position += 2
                } else {
                    try escape()
                }
            } else if byte < 0x20 {
                throw problem("a control character in a string")
            } else if byte < 0x80 {
                position += 1
            } else {
                let length = UTF8Check.sequenceLength(position, end)
                guard length > 0 else { throw problem("ill-formed UTF-8", .invalidUTF8) }
                position += length
            }
        }
    }

    @inline(__always)
    private static func isCommonEscape(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    @inline(never)
    private mutating func escape() throws(Rejection) {
        guard end - position >= 2 else { throw problem("a string without an end") }
        switch position.load(fromByteOffset: 1, as: UInt8.self) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard let unit = JSONUnescaping.hexUnit(position + 2, end) else { throw problem("a bad \\u escape") }
            switch unit {
            case 0xd800...0xdbff:
                guard end - position >= 12, position.load(fromByteOffset: 6, as: UInt8.self) == UInt8(ascii: "\\"),
                    position.load(fromByteOffset: 7, as: UInt8.self) == UInt8(ascii: "u"),
                    let low = JSONUnescaping.hexUnit(position + 8, end), (0xdc00...0xdfff).contains(low)
                else { throw problem("half of a surrogate pair", .loneSurrogate) }
                position += 12
            case 0xdc00...0xdfff:
                throw problem("half of a surrogate pair", .loneSurrogate)
            default:
                position += 6
            }
        default:
            throw problem("an unknown escape")
        }
    }

    /// Reads a number; the cursor stands on its first byte.
    mutating func number() throws(Rejection) -> (start: UnsafeRawPointer, count: Int, kind: JSONKind) {
        let first = position
        var kind = JSONKind.integer
        if byte == UInt8(ascii: "-") { position += 1 }
        if byte == UInt8(ascii: "0") {
            position += 1
        } else {
            guard skipDigits() else { throw problem("expected a digit") }
        }
        if byte == UInt8(ascii: ".") {
            kind = .number
            position += 1
            guard skipDigits() else { throw problem("expected a digit") }
        }
        if byte | 0x20 == UInt8(ascii: "e") {
            kind = .number
            position += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() else { throw problem("expected a digit") }
        }
        return (first, position - first, kind)
    }

    private mutating func skipDigits() -> Bool {
        let first = position
        while byte &- 48 <= 9 { position += 1 }
        return position > first
    }

    private mutating func literal(_ text: StaticString) throws(Rejection) {
        let count = text.utf8CodeUnitCount
        guard end - position >= count else { throw problem("the text ends too early") }
        for offset in 0..<count where position.load(fromByteOffset: offset, as: UInt8.self) != text.utf8Start[offset] {
            throw problem("an unknown word")
        }
        position += count
    }

    /// Reads any value that is `depth` levels below the outermost one. Strings are given without their quotes.
    mutating func value(depth: Int) throws(Rejection) -> (start: UnsafeRawPointer, count: Int, kind: JSONKind) {
        let first = position
        switch byte {
        case UInt8(ascii: "\""):
            position += 1
            return try string()
        case UInt8(ascii: "-"), 48...57:
            return try number()
        case UInt8(ascii: "{"):
            try container(depth: depth)
            return (first, position - first, .object)
        case UInt8(ascii: "["):
            try container(depth: depth)
            return (first, position - first, .array)
        case UInt8(ascii: "t"):
            try literal("true")
            return (first, 4, .boolean)
        case UInt8(ascii: "f"):
            try literal("false")
            return (first, 5, .boolean)
        case UInt8(ascii: "n"):
            try literal("null")
            return (first, 4, .null)
        default:
            throw problem(position < end ? "expected a value" : "the text ends too early")
        }
    }

    /// Passes over an object or array on whose bracket the cursor stands. Not recursive: what each open level is stands in a
    /// word of bits.
    private mutating func container(depth: Int) throws(Rejection) {
        var isObject: UInt64 = 0
        var open = 0
        while true {
            // A value is due, and it is a container, or the first turn of the loop.
            guard depth + open < JSONLimits.deepest else { throw problem("nested deeper than \(JSONLimits.deepest)", .tooDeep) }
            let opensObject = byte == UInt8(ascii: "{")
            position += 1
            isObject = isObject << 1 | (opensObject ? 1 : 0)
            open += 1
            skipBlanks()
            var isFirst = true
            // Members or elements, until one of them is a container itself or all levels are closed.
            inner: while true {
                let inObject = isObject & 1 == 1
                if byte == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    position += 1
                    isObject >>= 1
                    open -= 1
                    if open == 0 { return }
                    isFirst = false
                    skipBlanks()
                    continue inner
                }
                if !isFirst {
                    try expect(UInt8(ascii: ","))
                    skipBlanks()
                }
                isFirst = false
                if inObject {
                    try expect(UInt8(ascii: "\""))
                    _ = try string()
                    skipBlanks()
                    try expect(UInt8(ascii: ":"))
                    skipBlanks()
                }
                if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { break inner }
                _ = try value(depth: depth + open)
                skipBlanks()
            }
        }
    }
}
