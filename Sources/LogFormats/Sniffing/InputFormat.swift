/// A form of input, by the name that `--format` takes.
///
/// Forms of NDJSON may mix in one file: each line is told by its own shape, and the format decides what a text line is and how
/// records are cut from the stream.
public enum InputFormat: String, Sendable, CaseIterable {
    /// Connector real-time events in any envelope, bare NDJSON and flow journals among them. Text without an event is
    /// service-log noise.
    case analytics
    /// The network events report: CSV with a header.
    case networkReport = "network-report"
    /// Events synced to object storage: `{"event_type":…,"event":{…}}`, one a line.
    case synced
    /// The administrative audit log, one entry a line.
    case auditLog = "audit-log"
    /// DNS filtering events, one a line.
    case nameFiltering = "name-filtering"
    /// Events of any of the above as JSON documents: one array of objects, or objects that may spread over several lines.
    case json
}
