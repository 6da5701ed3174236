/// One of the journal's own records, read.
struct OwnRecord: Sendable {
    var kind: JournalRecordKind
    var sequence: UInt64
    var value: JSONValue

    /// The origin that a `journal_opened` names.
    var openedOrigin: String? {
        guard case .opened = kind else { return nil }
        return value["journal"]?["origin"]?.text
    }

    /// The key id that a `journal_opened` names; nil when the run signs nothing.
    var openedKeyID: String? { value["key_id"]?.text }

    /// The checkpoint that a `journal_opened` or `journal_sealed` names.
    var checkpoint: TreeHead? {
        guard let size = value["checkpoint"]?["size"]?.unsigned, let root = value["checkpoint"]?["root"]?.text,
            let hash = TreeHash(base64: root)
        else { return nil }
        return TreeHead(size: size, root: hash)
    }
}

/// Finds the journal's own records in a frame.
enum OwnRecords {
    static func read(_ frame: Frame, of segment: SegmentFile, with inflater: FrameInflater) throws(FrameProblem) -> [OwnRecord] {
        guard let header = frame.header else { return [] }
        var lines = [UInt8](repeating: 0, count: Int(header.inflatedLength))
        return try lines.withMutableBytes { buffer throws(FrameProblem) in
            let count = try segment.inflate(frame, with: inflater, into: buffer)
            return find(in: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    static func find(in lines: UnsafeRawBufferPointer) -> [OwnRecord] {
        var found: [OwnRecord] = []
        for line in Lines(lines) {
            guard let record = try? RecordScanner.scan(line), let kind = record.kind, let sequence = record.sequence,
                let value = JSONValue.parse(line)
            else { continue }
            found.append(OwnRecord(kind: kind, sequence: sequence, value: value))
        }
        return found
    }
}
