import FlowModel

/// Holds the lines of a frame against its header.
enum FrameContents {
    /// What is wrong with the lines, or nil: their number, their sequences, the timestamps, the flag for the journal's own records,
    /// and that each line is a JSON object whose names are as they read.
    static func check(_ lines: UnsafeRawBufferPointer, against header: FrameHeader) -> String? {
        guard lines.last == UInt8(ascii: "\n") else { return "the last line is not complete" }
        var timestamps = TimestampRange()
        var flags: UInt8 = 0
        var count: UInt64 = 0
        for line in Lines(lines) {
            let sequence = header.firstSequence + count
            let record: RecordScanner.Record
            do {
                record = try RecordScanner.scan(line)
            } catch {
                return "record \(sequence) is not a JSON object on one line: \(error)"
            }
            guard let stated = record.sequence, record.startsWithSequence else {
                return "record \(sequence) does not begin with its sequence"
            }
            guard !record.hasEscapedName else { return "record \(sequence) writes a name, or its `event_type`, with an escape" }
            guard stated == sequence else { return "record \(stated) stands where record \(sequence) should" }
            timestamps.include(record.timestamp)
            if record.kind?.concernsVerifier == true { flags |= FrameHeader.holdsJournalRecords }
            count += 1
            guard count <= UInt64(header.recordCount) else { break }
        }
        guard count == UInt64(header.recordCount) else {
            return "the number of records is not the \(header.recordCount) that the header states"
        }
        guard timestamps.first == header.firstTimestamp, timestamps.last == header.lastTimestamp else {
            return "the timestamps are not those that the header states"
        }
        guard flags == header.flags else { return "the flags are not those that the records call for" }
        return nil
    }
}

/// The lines of a buffer, without their line feeds; a last line without one counts.
public struct Lines: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer

    public init(_ bytes: UnsafeRawBufferPointer) {
        rest = bytes
    }

    public mutating func next() -> UnsafeRawBufferPointer? {
        guard rest.count > 0 else { return nil }
        let end = rest.lineFeed ?? rest.count
        let line = UnsafeRawBufferPointer(rebasing: rest[..<end])
        rest = UnsafeRawBufferPointer(rebasing: rest[Swift.min(end + 1, rest.count)...])
        return line
    }
}
