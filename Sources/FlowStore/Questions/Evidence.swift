internal import GRDB

/// The place of a record, down to the bytes of the file.
public struct Evidence: Sendable {
    public var path: String
    /// SHA-256 of the file as it was read.
    public var digest: String
    /// Directory of the journal; nil for other files.
    public var journal: String?
    /// Number of the frame in its segment, from 1.
    public var frame: Int64?
    /// Byte offset of the frame in the segment file, and its length.
    public var frameOffset: Int64?
    public var frameLength: Int64?
    /// The record's sequence in the journal.
    public var sequence: Int64?
    /// Line in the inflated file, from 1, and byte offset of that line.
    public var line: Int64
    public var offset: Int64

    static func find(_ database: Database, source: Int64, offset: Int64, line: Int64) throws -> Evidence? {
        guard
            let row = try Row.fetchOne(
                database, sql: "SELECT path, digest, journal FROM source WHERE source_id = ?", arguments: [source])
        else { return nil }
        var evidence = Evidence(path: row[0], digest: row[1], journal: row[2], line: line, offset: offset)
        if let frame = try Row.fetchOne(
            database,
            sql: """
                SELECT frame, file_offset, length, first_sequence,
                    (SELECT coalesce(sum(records), 0) FROM journal_frame e WHERE e.source_id = f.source_id AND e.frame < f.frame)
                FROM journal_frame f WHERE source_id = ? AND inflated_offset <= ? ORDER BY inflated_offset DESC LIMIT 1
                """, arguments: [source, offset])
        {
            evidence.frame = frame[0]
            evidence.frameOffset = frame[1]
            evidence.frameLength = frame[2]
            let first: Int64 = frame[3]
            let before: Int64 = frame[4]
            evidence.sequence = first + line - 1 - before
        }
        return evidence
    }
}
