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
    private var peeler = EnvelopePeeler()

    mutating func peel(_ line: UnsafeRawBufferPointer) -> LogLine {
        switch peeler.peel(line: line) {
        case .event(let event): .event(event)
        case .noise, .blank: .noise
        case .rejected(_, let detail): .unreadable(detail)
        }
    }
}
