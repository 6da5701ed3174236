/// A message of syslog over TCP whose bytes are counted (RFC 6587, section 3.4.1): `LEN SP MSG`, the next one right behind it.
///
///     95 <134>1 2026-09-14T00:00:00Z gw connector 7 - - ANALYTICS {"event_type":…}
///
/// Lines of a log may begin with a number, too. So a count is one only when a priority in angle brackets follows it, and when it leads to where
/// another message can begin: the end of a line or of the bytes, another count, a priority.
struct OctetFrame: Equatable {
    enum Reading: Equatable {
        /// No counted message begins here.
        case none
        case frame(OctetFrame)
        /// One begins here that is not as long as its count says; after so many bytes one begins that is.
        case broken(Int)
        /// It cannot be told before there are so many bytes.
        case needs(Int)
    }

    /// Bytes of the count and the blank.
    var header: Int
    /// Bytes of the message.
    var length: Int

    /// Digits of a count, and of a priority: larger counts are more than a record may have.
    private static let maxDigits = 7
    private static let maxPriorityDigits = 3

    /// Reads what begins at `start`. With `isLast` no bytes come behind `end`. The answer does not change when more bytes come, unless it was
    /// `needs`.
    static func read(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, isLast: Bool) -> Reading {
        switch whole(start, end, isLast: isLast) {
        case .none: return isCount(start, end) == .yes ? next(start, end, isLast: isLast) : .none
        case let found: return found
        }
    }

    private enum Match {
        case yes
        case no
        /// The bytes end before it can be told.
        case cut
    }

    /// A message that is as long as its count says.
    private static func whole(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, isLast: Bool) -> Reading {
        switch isCount(start, end) {
        case .no: return .none
        case .cut: return isLast ? .none : .needs(end - start + 1)
        case .yes: break
        }
        var length = 0
        var position = start
        while position.load(as: UInt8.self) != 0x20 {
            length = length * 10 + Int(position.load(as: UInt8.self) &- 48)
            position += 1
        }
        let frame = OctetFrame(header: position + 1 - start, length: length)
        guard length <= LineLimits.maxLineLength else { return .none }
        let message = start + frame.header
        guard end - message >= length else { return isLast ? .none : .needs(frame.header + length + 1) }
        // Where there are holes, nothing can be counted.
        guard length > 0, ByteSearch.byte(0, message, message + length) == nil else { return .none }
        if (message + length - 1).load(as: UInt8.self) == 0x0a { return .frame(frame) }
        switch mayEnd(message + length, end) {
        case .yes: return .frame(frame)
        case .no: return .none
        case .cut: return isLast ? .frame(frame) : .needs(end - start + 1)
        }
    }

    /// Where behind a count that is wrong, and before the end of its line or a hole, the next message begins.
    private static func next(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, isLast: Bool) -> Reading {
        let window = min(end - start, LineLimits.maxLineLength)
        var limit = start + window
        var lineEnd = ByteSearch.newline(start, limit)
        if let zero = ByteSearch.byte(0, start, lineEnd ?? limit) { lineEnd = zero }
        limit = lineEnd ?? limit
        var position = start + 1
        while let bracket = ByteSearch.byte(UInt8(ascii: "<"), position, limit) {
            position = bracket + 1
            var first = bracket - 1
            guard first > start, first.load(as: UInt8.self) == 0x20 else { continue }
            // A message that was cut off may end with digits.
            while first - 1 > start, isDigit(first - 1), bracket - first < maxDigits + 1 { first -= 1 }
            while first < bracket - 1 {
                switch whole(first, end, isLast: isLast) {
                case .frame: return .broken(first - start)
                case .needs(let count): return .needs(first - start + count)
                default: first += 1
                }
            }
        }
        guard lineEnd == nil, !isLast, window < LineLimits.maxLineLength else { return .none }
        // What was looked at is looked at again, so not for every byte.
        return .needs(2 * window + 1)
    }

    private static func isDigit(_ position: UnsafeRawPointer) -> Bool { position.load(as: UInt8.self) &- 48 <= 9 }

    /// A count, a blank, and a priority.
    private static func isCount(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Match {
        var position = start
        while position < end, position - start < maxDigits, isDigit(position) { position += 1 }
        guard position < end else { return .cut }
        guard position > start, start.load(as: UInt8.self) != 48, position.load(as: UInt8.self) == 0x20 else { return .no }
        return isPriority(position + 1, end)
    }

    private static func isPriority(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Match {
        guard start < end else { return .cut }
        guard start.load(as: UInt8.self) == UInt8(ascii: "<") else { return .no }
        var position = start + 1
        while position < end, position - start <= maxPriorityDigits, isDigit(position) { position += 1 }
        guard position < end else { return .cut }
        return position - start > 1 && position.load(as: UInt8.self) == UInt8(ascii: ">") ? .yes : .no
    }

    /// Whether a message may end here.
    private static func mayEnd(_ position: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Match {
        guard position < end else { return .cut }
        switch position.load(as: UInt8.self) {
        case 0x0a, 0: return .yes
        case 0x0d:
            guard position + 1 < end else { return .cut }
            return (position + 1).load(as: UInt8.self) == 0x0a ? .yes : .no
        case UInt8(ascii: "<"): return isPriority(position, end)
        default: return isCount(position, end)
        }
    }

    /// Whether counted messages may be among the bytes, so that a line feed need not end a record.
    static func mayBe(in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        let end = base + bytes.count
        var position = base
        while let bracket = ByteSearch.byte(UInt8(ascii: "<"), position, end) {
            position = bracket + 1
            guard bracket - base >= 2, (bracket - 1).load(as: UInt8.self) == 0x20, isDigit(bracket - 2) else { continue }
            if isPriority(bracket, end) != .no { return true }
        }
        return false
    }
}
