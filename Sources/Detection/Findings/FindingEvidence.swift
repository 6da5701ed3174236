public import TextEncodings

/// A record that a finding rests on, and where it stands.
public struct FindingEvidence: Hashable, Sendable {
    public var flowID: Int64?
    public var connectionID: String?
    /// The file as it was given to ingest.
    public var source: String
    /// Directory of the journal, nil for other files.
    public var journal: String?
    /// The journal's segment file.
    public var segment: String?
    /// Number of the frame within its segment, from 1.
    public var frame: Int64?
    /// Journal sequence of the record.
    public var sequence: Int64?
    /// Line of the inflated file, from 1.
    public var line: Int64
    /// Byte offset of that line in the inflated file.
    public var offset: Int64

    /// The place in words: `connector-7/000000000001.ndjson.gz frame 3 record 120`, or `export.csv line 12`.
    public var place: String {
        guard let segment, let journal else { return "\(source) line \(line)" }
        let name = journal.split(separator: "/").last.map(String.init) ?? journal
        var text = "\(name)/\(segment)"
        if let frame { text += " frame \(frame)" }
        if let sequence { text += " record \(sequence)" }
        return text + " line \(line)"
    }

    /// As a JSON object; absent values are left out.
    public func write(into json: inout JSONWriter) {
        json.object {
            $0.member("flow_id", flowID)
            $0.member("connection_id", connectionID)
            $0.member("source", source)
            $0.member("journal", journal)
            $0.member("segment", segment)
            $0.member("frame", frame)
            $0.member("sequence", sequence)
            $0.member("line", line)
            $0.member("offset", offset)
        }
    }
}
