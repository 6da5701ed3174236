internal import FlowModel
internal import GRDB
internal import LogFormats

/// A frame that was read, for `journal_frame`.
struct FrameRow {
    var number: Int64
    var fileOffset: Int64
    var length: Int64
    var inflatedOffset: Int64
    var firstSequence: Int64
    var records: Int64
}

/// How far a source has been read when a batch of it is written.
struct SourceProgress {
    /// Inflated bytes.
    var position: Int64
    /// Bytes of the file in whole frames; 0 for sources that are no journals.
    var filePosition: Int64
    var lines: Int64
    var isComplete: Bool
    var context = ""
    var frames: [FrameRow] = []
}

/// A row of `source_file`.
struct SourceRow {
    enum Kind: String {
        case journal
        case file
        case standardInput = "stdin"
    }

    var id: Int64
    var kind: Kind
    var format: String
    var compression: String
    var path: String
    var journal: String?
    var digest: String
    var size: Int64
    var head: String
    /// SHA-256 of what the file inflates to, and how many bytes that are; empty for journal segments.
    var contentDigest = ""
    var contentSize: Int64 = 0
    var position: Int64 = 0
    var filePosition: Int64 = 0
    var lines: Int64 = 0
    var isComplete = false
    var firstSequence: Int64?
    var frames: Int64 = 0
    var events: Int64 = 0
    var noise: Int64 = 0
    var quarantined: Int64 = 0
    var other: Int64 = 0
    var firstAt: Int64?
    var lastAt: Int64?
    var context = ""

    mutating func advance(to progress: SourceProgress, over batch: RecordBatch) {
        position = progress.position
        filePosition = progress.filePosition
        lines = progress.lines
        isComplete = progress.isComplete
        context = progress.context
        frames += Int64(progress.frames.count)
        if firstSequence == nil, let first = progress.frames.first { firstSequence = first.firstSequence }
        events += Int64(batch.flows.count)
        other += Int64(batch.eventCount - batch.flows.count)
        noise += Int64(batch.noiseLines)
        quarantined += Int64(batch.quarantined.count)
        for event in batch.flows {
            let at = event.timestamp.milliseconds
            firstAt = min(firstAt ?? at, at)
            lastAt = max(lastAt ?? at, at)
        }
    }
}

/// The table `source_file`: which bytes are in the database.
final class SourceTable {
    private let database: Database
    private static let columns = """
        source_id, kind, format, compression, path, journal, digest, size, position, file_position, lines, complete, first_sequence,
        frames, events, noise, quarantined, duplicates, other, first_at, last_at, context, head, content_digest, content_size
        """

    private static let upsert: String = {
        let names = columns.split(whereSeparator: { ", \n".contains($0) }).map(String.init)
        let marks = names.map { _ in "?" }.joined(separator: ", ")
        let settings = names.filter { $0 != "source_id" && $0 != "duplicates" }.map { "\($0) = excluded.\($0)" }
        return "INSERT INTO source_file (\(columns)) VALUES (\(marks)) ON CONFLICT DO UPDATE SET \(settings.joined(separator: ", "))"
    }()

    init(_ database: Database) throws {
        self.database = database
    }

    /// The sizes of sources that a file of `size` bytes, which begins with `head`, may be, or may have grown from.
    func knownSizes(upTo size: Int64, head: String) throws -> [Int64] {
        try Int64.fetchAll(
            database,
            sql: """
                SELECT size FROM source_file WHERE head = ?2 AND size BETWEEN \(SourceProbe.headBytes) AND ?1
                UNION
                SELECT size FROM source_file WHERE size > 0 AND size < min(?1 + 1, \(SourceProbe.headBytes)) ORDER BY 1
                """, arguments: [size, head])
    }

    /// A source that was read to its end and inflated to the same bytes.
    func find(contentSize: Int64, contentDigest: String) throws -> SourceRow? {
        try fetch("content_size = ? AND content_digest = ? AND complete", [contentSize, contentDigest])
    }

    func find(size: Int64, digest: String) throws -> SourceRow? {
        try fetch("size = ? AND digest = ?", [size, digest])
    }

    /// A segment of a journal by its place, whatever its bytes.
    func find(journalPath path: String) throws -> SourceRow? {
        try fetch("kind = 'journal' AND path = ?", [path])
    }

    private func fetch(_ condition: String, _ arguments: StatementArguments) throws -> SourceRow? {
        let sql = "SELECT \(SourceTable.columns) FROM source_file WHERE \(condition) ORDER BY source_id DESC LIMIT 1"
        guard let row = try Row.fetchOne(database, sql: sql, arguments: arguments) else { return nil }
        return SourceRow(
            id: row[0], kind: SourceRow.Kind(rawValue: row[1]) ?? .file, format: row[2], compression: row[3], path: row[4],
            journal: row[5], digest: row[6], size: row[7], head: row[22], contentDigest: row[23], contentSize: row[24], position: row[8],
            filePosition: row[9], lines: row[10],
            isComplete: row[11], firstSequence: row[12], frames: row[13], events: row[14], noise: row[15], quarantined: row[16],
            other: row[18], firstAt: row[19], lastAt: row[20], context: row[21])
    }

    func nextID() throws -> Int64 {
        (try Int64.fetchOne(database, sql: "SELECT coalesce(max(source_id), 0) FROM source_file") ?? 0) + 1
    }

    /// Inserts the row or writes over it; duplicates are counted by `addDuplicates`.
    func update(_ row: SourceRow) throws {
        try database.cachedStatement(sql: SourceTable.upsert)
            .execute(arguments: [
                row.id, row.kind.rawValue, row.format, row.compression, row.path, row.journal, row.digest, row.size, row.position,
                row.filePosition, row.lines, row.isComplete, row.firstSequence, row.frames, row.events, row.noise,
                row.quarantined, 0, row.other, row.firstAt, row.lastAt, row.context, row.head, row.contentDigest, row.contentSize,
            ])
    }

    /// Counts events of a source that said nothing new.
    func addDuplicates(_ count: Int64, source: Int64) throws {
        try database.cachedStatement(sql: "UPDATE source_file SET duplicates = duplicates + ? WHERE source_id = ?")
            .execute(arguments: [count, source])
    }
}
