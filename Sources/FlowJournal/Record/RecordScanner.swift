public import FlowModel

/// A strict reader of JSON (RFC 8259) that looks for the few members a journal needs and otherwise only checks.
///
/// A record must be one object on one line: well-formed UTF-8, no control characters, nesting no deeper than `deepest`. Whitespace is
/// allowed where JSON allows it, except line breaks.
public enum RecordScanner {
    /// Real events nest four deep; a limit keeps crafted ones from costing memory.
    public static let deepest = 64

    /// What a record says about itself at its top level.
    public struct Record: Hashable, Sendable {
        /// The member `seq`, when it is a positive integer.
        public var sequence: UInt64?
        /// `seq` is the first member, written `{"seq":`, as the writer does.
        public var startsWithSequence = false
        /// There is a member `seq`, whatever its value.
        public var hasSequence = false
        /// The member `timestamp`, when it is an integer of milliseconds.
        public var timestamp: Timestamp?
        /// The bytes of the member `event_type` between the quotes, when it is a string.
        public var eventType: Range<Int>?
        /// Which of the journal's own records this is, by `event_type`.
        public var kind: JournalRecordKind?
        /// A name at the top level, or `event_type`, is written with an escape, so that readers could take it for another.
        public var hasEscapedName = false
    }

    public enum Problem: Error, Hashable, Sendable {
        case empty
        case notAnObject
        /// Not JSON at this byte of the line.
        case malformed(at: Int)
        case illFormedUTF8(at: Int)
        case tooDeep(at: Int)
        /// Text follows the object.
        case trailing(at: Int)
        /// `seq`, `timestamp` or `event_type` stands there twice.
        case repeated(at: Int)
    }

    public static func scan(_ line: UnsafeRawBufferPointer) throws(Problem) -> Record {
        guard let base = line.baseAddress, line.count > 0 else { throw .empty }
        var scanner = JSONScanner(base: base.assumingMemoryBound(to: UInt8.self), count: line.count)
        return try scanner.record()
    }
}

extension RecordScanner.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .empty: "an empty line"
        case .notAnObject: "it does not begin with `{`"
        case .malformed(let offset): "not JSON at byte \(offset)"
        case .illFormedUTF8(let offset): "not UTF-8 at byte \(offset)"
        case .tooDeep(let offset): "nested deeper than \(RecordScanner.deepest) at byte \(offset)"
        case .trailing(let offset): "text after the object at byte \(offset)"
        case .repeated(let offset): "a member that stands there twice at byte \(offset)"
        }
    }
}

/// The state of one scan.
private struct JSONScanner {
    let base: UnsafePointer<UInt8>
    let count: Int
    var index = 0
    private var hasTimestamp = false
    private var hasEventType = false

    init(base: UnsafePointer<UInt8>, count: Int) {
        self.base = base
        self.count = count
    }

    typealias Problem = RecordScanner.Problem

    @inline(__always)
    var byte: UInt8 { index < count ? base[index] : 0 }

    @inline(__always)
    mutating func skipBlanks() {
        while index < count, base[index] == 0x20 || base[index] == 0x09 || base[index] == 0x0d { index += 1 }
    }

    mutating func record() throws(Problem) -> RecordScanner.Record {
        var record = RecordScanner.Record()
        skipBlanks()
        guard index < count else { throw .empty }
        guard byte == UInt8(ascii: "{") else { throw .notAnObject }
        let start = index
        index += 1
        skipBlanks()
        if byte == UInt8(ascii: "}") {
            index += 1
        } else {
            while true {
                let name = try string()
                skipBlanks()
                guard byte == UInt8(ascii: ":") else { throw .malformed(at: index) }
                index += 1
                skipBlanks()
                let valueStart = index
                try value(depth: 1)
                try note(name, valueStart..<index, start, &record)
                skipBlanks()
                let mark = byte
                index += 1
                if mark == UInt8(ascii: ",") {
                    skipBlanks()
                    continue
                }
                guard mark == UInt8(ascii: "}") else { throw .malformed(at: index - 1) }
                break
            }
        }
        skipBlanks()
        guard index == count else { throw .trailing(at: index) }
        return record
    }

    /// Looks whether a top-level member is one of those that the journal knows.
    private mutating func note(
        _ name: Range<Int>, _ value: Range<Int>, _ start: Int, _ record: inout RecordScanner.Record
    ) throws(Problem) {
        if equals(name, "seq") {
            guard !record.hasSequence else { throw .repeated(at: name.lowerBound) }
            record.hasSequence = true
            record.sequence = unsigned(value)
            record.startsWithSequence = name.lowerBound == start + 2 && value.lowerBound == name.upperBound + 2 && start == 0
        } else if equals(name, "timestamp") {
            guard !hasTimestamp else { throw .repeated(at: name.lowerBound) }
            hasTimestamp = true
            record.timestamp = integer(value).map(Timestamp.init(milliseconds:))
        } else if equals(name, "event_type") {
            guard !hasEventType else { throw .repeated(at: name.lowerBound) }
            hasEventType = true
            guard value.count >= 2, base[value.lowerBound] == UInt8(ascii: "\"") else { return }
            let inner = value.lowerBound + 1..<value.upperBound - 1
            record.eventType = inner
            record.kind = JournalRecordKind.allCases.first { equals(inner, $0.name) }
            if hasEscape(inner) { record.hasEscapedName = true }
        } else if hasEscape(name) {
            record.hasEscapedName = true
        }
    }

    private func hasEscape(_ range: Range<Int>) -> Bool {
        range.contains { base[$0] == UInt8(ascii: "\\") }
    }

    private func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where base[range.lowerBound + offset] != text.utf8Start[offset] { return false }
        return true
    }

    private func unsigned(_ range: Range<Int>) -> UInt64? {
        var value: UInt64 = 0
        guard !range.isEmpty else { return nil }
        for index in range {
            let digit = base[index] &- 48
            guard digit <= 9 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    private func integer(_ range: Range<Int>) -> Int64? {
        guard !range.isEmpty, base[range.lowerBound] == UInt8(ascii: "-") else {
            return unsigned(range).flatMap { Int64(exactly: $0) }
        }
        return unsigned(range.lowerBound + 1..<range.upperBound).flatMap { magnitude in
            magnitude <= UInt64(Int64.max) ? -Int64(magnitude) : nil
        }
    }

    /// Checks a value that begins at `index`. Objects and arrays are followed with a stack of bits, not by recursion.
    private mutating func value(depth start: Int) throws(Problem) {
        // Bit n: the container at depth n + 1 below this value is an object.
        var objects: UInt64 = 0
        var depth = 0
        while true {
            // A value begins here.
            switch byte {
            case UInt8(ascii: "\""):
                _ = try string()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = byte == UInt8(ascii: "{")
                guard start + depth < RecordScanner.deepest else { throw .tooDeep(at: index) }
                objects = isObject ? objects | 1 << UInt64(depth) : objects & ~(1 << UInt64(depth))
                depth += 1
                index += 1
                skipBlanks()
                if byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    index += 1
                    depth -= 1
                    break
                }
                if isObject { try name() }
                continue
            case UInt8(ascii: "t"): try literal("true")
            case UInt8(ascii: "f"): try literal("false")
            case UInt8(ascii: "n"): try literal("null")
            default: try number()
            }
            // A value has ended: what may follow depends on the container around it.
            while true {
                if depth == 0 { return }
                skipBlanks()
                let inObject = objects >> UInt64(depth - 1) & 1 == 1
                let mark = byte
                guard index < count else { throw .malformed(at: index) }
                index += 1
                if mark == UInt8(ascii: ",") {
                    skipBlanks()
                    if inObject { try name() }
                    break
                }
                guard mark == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw .malformed(at: index - 1) }
                depth -= 1
            }
        }
    }

    private mutating func name() throws(Problem) {
        _ = try string()
        skipBlanks()
        guard byte == UInt8(ascii: ":") else { throw .malformed(at: index) }
        index += 1
        skipBlanks()
    }

    /// Checks a string that begins at `index`; gives the range between the quotes.
    private mutating func string() throws(Problem) -> Range<Int> {
        guard byte == UInt8(ascii: "\"") else { throw .malformed(at: index) }
        index += 1
        let start = index
        while true {
            skipPlain()
            guard index < count else { throw .malformed(at: index) }
            switch base[index] {
            case UInt8(ascii: "\""):
                index += 1
                return start..<index - 1
            case UInt8(ascii: "\\"):
                try escape()
            case 0x80...:
                try multibyte()
            default:
                throw .malformed(at: index)
            }
        }
    }

    /// Passes over ASCII that needs no attention, eight bytes at a time.
    @inline(__always)
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while index + 8 <= count {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5c)
            let hits = ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash) | ((word &- ones &* 0x20) & ~word) | word
            let marked = hits & highs
            guard marked == 0 else {
                index += marked.trailingZeroBitCount >> 3
                return
            }
            index += 8
        }
        while index < count {
            let byte = base[index]
            if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5c { return }
            index += 1
        }
    }

    private mutating func escape() throws(Problem) {
        guard index + 1 < count else { throw .malformed(at: index) }
        switch base[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 2
        case UInt8(ascii: "u"):
            guard index + 6 <= count else { throw .malformed(at: index) }
            for offset in 2..<6 {
                switch base[index + offset] {
                case 0x30...0x39, 0x41...0x46, 0x61...0x66: continue
                default: throw .malformed(at: index + offset)
                }
            }
            index += 6
        default:
            throw .malformed(at: index + 1)
        }
    }

    /// One character of two to four bytes (Unicode 16, table 3-7).
    private mutating func multibyte() throws(Problem) {
        let lead = base[index]
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xbf
        switch lead {
        case 0xc2...0xdf: length = 2
        case 0xe0...0xef:
            length = 3
            if lead == 0xe0 { low = 0xa0 }
            if lead == 0xed { high = 0x9f }
        case 0xf0...0xf4:
            length = 4
            if lead == 0xf0 { low = 0x90 }
            if lead == 0xf4 { high = 0x8f }
        default: throw .illFormedUTF8(at: index)
        }
        guard index + length <= count, base[index + 1] >= low, base[index + 1] <= high else { throw .illFormedUTF8(at: index) }
        for offset in 2..<max(2, length) where base[index + offset] & 0xc0 != 0x80 { throw .illFormedUTF8(at: index) }
        index += length
    }

    private mutating func literal(_ text: StaticString) throws(Problem) {
        guard count - index >= text.utf8CodeUnitCount else { throw .malformed(at: index) }
        for offset in 0..<text.utf8CodeUnitCount where base[index + offset] != text.utf8Start[offset] {
            throw .malformed(at: index)
        }
        index += text.utf8CodeUnitCount
    }

    private mutating func number() throws(Problem) {
        let start = index
        if byte == UInt8(ascii: "-") { index += 1 }
        if byte == UInt8(ascii: "0") {
            index += 1
        } else {
            try digits(start)
        }
        if byte == UInt8(ascii: ".") {
            index += 1
            try digits(start)
        }
        if byte | 0x20 == UInt8(ascii: "e") {
            index += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { index += 1 }
            try digits(start)
        }
    }

    private mutating func digits(_ start: Int) throws(Problem) {
        let first = index
        while index < count, base[index] &- 48 <= 9 { index += 1 }
        guard index > first else { throw .malformed(at: start) }
    }
}
