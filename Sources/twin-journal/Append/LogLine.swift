import LogFormats

/// What a line of a Connector's log is to a journal.
enum LogLine {
    /// The event's object, valid until the next line is peeled.
    case event(UnsafeRawBufferPointer)
    case noise
    case unreadable(String)
}

/// Takes envelopes off lines.
struct LogLinePeeler {
    private static let marker = Array("ANALYTICS ".utf8)

    mutating func peel(_ line: UnsafeRawBufferPointer) -> LogLine {
        guard let start = line.firstIndex(of: UInt8(ascii: "{")) else { return .noise }
        let object = UnsafeRawBufferPointer(rebasing: line[start...])
        if start == 0 { return .event(object) }
        let before = line[..<start]
        return before.suffix(LogLinePeeler.marker.count).elementsEqual(LogLinePeeler.marker) ? .event(object) : .noise
    }
}
