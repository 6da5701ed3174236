import FlowModel

/// A line as container runtimes write it (CRI): an instant, `stdout` or `stderr`, tags, the message.
///
/// A message that is longer than a runtime's buffer comes in several lines; all but the last have the tag `P`.
struct ContainerLine {
    /// 0 of `stdout`, 1 of `stderr`.
    var stream: Int
    var isPartial: Bool
    var message: UnsafeRawPointer

    /// Nil when the line has another form.
    init?(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) {
        // `2026-09-14T…`: told by two bytes before anything is looked for.
        guard end - start > 30, start.load(as: UInt8.self) &- 48 <= 9, start.load(fromByteOffset: 4, as: UInt8.self) == UInt8(ascii: "-"),
            let first = ByteSearch.byte(0x20, start, start + min(end - start, 40)), end - first >= 10
        else { return nil }
        let isStandardOutput = ByteSearch.equal("stdout ", first + 1, 7)
        guard isStandardOutput || ByteSearch.equal("stderr ", first + 1, 7) else { return nil }
        let tag = first + 8
        let next = (tag + 1).load(as: UInt8.self)
        guard next == 0x20 || next == UInt8(ascii: ":"), let behind = ByteSearch.byte(0x20, tag, end) else { return nil }
        switch tag.load(as: UInt8.self) {
        case UInt8(ascii: "P"): isPartial = true
        case UInt8(ascii: "F"): isPartial = false
        default: return nil
        }
        stream = isStandardOutput ? 0 : 1
        message = behind + 1
    }
}

/// The last whole records of a piece of a log.
public enum RecordCut {
    /// A message that was cut into lines is put together when they lie no further apart than this.
    static let furthestLine: UInt64 = 64

    /// Whether messages of syslog whose bytes are counted may be among the bytes: a line feed may then be one within a message.
    public static func mayCountBytes(_ bytes: UnsafeRawBufferPointer) -> Bool { OctetFrame.mayBe(in: bytes) }

    /// How many of the bytes, which begin with a line, can be decoded without those behind them: up to the last line feed, less the lines
    /// at the end that are the beginning of a message. 0 when there is no line feed.
    public static func lengthOfWholeRecords(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress, let newline = bytes.lastIndex(of: 0x0a) else { return 0 }
        let end = newline + 1
        // The last lines, in which an open message must have begun.
        var first = newline
        var lines: UInt64 = 0
        while first > 0, lines <= furthestLine {
            first -= 1
            if bytes[first] == 0x0a {
                lines += 1
                if lines > furthestLine { break }
            }
        }
        if first > 0 { first += 1 }
        var open: [Int?] = [nil, nil]
        var position = first
        while position < end {
            let last = bytes[position..<end].firstIndex(of: 0x0a) ?? end
            if let (stream, isPartial) = part(base + position, base + last) {
                open[stream] = isPartial ? open[stream] ?? position : nil
            }
            position = last + 1
        }
        let cut = open.compactMap { $0 }.min() ?? end
        return cut > 0 ? cut : end
    }

    /// Of which stream a line is, and whether its message may go on in the next one.
    private static func part(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> (stream: Int, isPartial: Bool)? {
        if let line = ContainerLine(start, end) { return (line.stream, line.isPartial) }
        guard end - start > 8, ByteSearch.equal("{\"log\":\"", start, 8) else { return nil }
        let stream = ByteSearch.first("\"stream\":\"stderr\"", start, end) == nil ? 0 : 1
        return (stream, ByteSearch.first("\\n\",", start, end) == nil)
    }
}
