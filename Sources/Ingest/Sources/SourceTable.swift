internal import FlowJournal
internal import FlowModel
internal import FlowStore
internal import Glibc
internal import LogFormats

/// A frame that was read, for `journal_frame`.
struct FrameRow {
    var number: Int64
    var fileOffset: Int64
    var length: Int64
    var inflatedOffset: Int64
    var firstSequence: Int64
    var records: Int64
    /// RFC 6962 hash of the frame's bytes.
    var leaf: [UInt8]
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
    /// SHA-256 of the content up to `position`, or when all was read, of all of it; nil for journals.
    var content: ContentDigest?
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
    /// Of a journal's segment: the journal's origin, when it says it.
    var origin: String?
    var digest: String
    var size: Int64
    var head: String
    /// SHA-256 of what the file inflates to, and how many bytes that are; empty for journal segments.
    var contentDigest = ""
    var contentSize: Int64 = 0
    /// SHA-256 of the first bytes of what a compressed file inflates to.
    var contentHead = ""
    /// It has records without connection id, which are counted from its beginning: it is read from there again when it has grown.
    var countsRows = false
    /// What was read and decoded; nil for journals.
    var read: ContentDigest?
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

    /// It is read on from where an ingest before ended; not kept.
    var wasContinued = false
    /// Why the first line that was set aside now was; not kept.
    var firstProblem: String?

    mutating func advance(to progress: SourceProgress, over batch: RecordBatch) {
        countsRows = countsRows || batch.flows.contains { $0.connectionID.isEmpty }
        isComplete = progress.isComplete
        filePosition = progress.filePosition
        if isComplete || !countsRows {
            position = progress.position
            lines = progress.lines
            context = progress.context
        }
        read = progress.content ?? read
        frames += Int64(progress.frames.count)
        if firstSequence == nil, let first = progress.frames.first { firstSequence = first.firstSequence }
        events += Int64(batch.flows.count)
        other += Int64(batch.eventCount - batch.flows.count)
        noise += Int64(batch.noiseLines)
        quarantined += Int64(batch.quarantined.count)
        if firstProblem == nil { firstProblem = batch.quarantined.first?.detail }
        for event in batch.flows {
            let at = event.timestamp.milliseconds
            firstAt = min(firstAt ?? at, at)
            lastAt = max(lastAt ?? at, at)
        }
    }
}

extension SourceRow {
    /// The row speaks of just those bytes that were read. A plain file that was not read to its end is, as far as the database knows, as
    /// long as what was read of it: whatever begins with the same bytes goes on there.
    mutating func settle() {
        guard let content = read else { return }
        contentSize = content.size
        contentDigest = content.text
        if compression == ByteStreamReader.Compression.none.rawValue, !isComplete, position > 0, position == content.size {
            size = contentSize
            digest = contentDigest
        }
    }

    /// It is read from its beginning again.
    mutating func restart() {
        (position, lines, events, noise, quarantined, other) = (0, 0, 0, 0, 0, 0)
        (firstAt, lastAt, read, context) = (nil, nil, nil, "")
        isComplete = false
    }
}

/// The table `source_file`: which bytes are in the database.
final class SourceTable {
    private let database: StoreConnection
    /// The place noted last, by source.
    private var seen: [Int64: String] = [:]
    /// As the caller states it; nil when it does not.
    private let durationUnit: String?
    private var seenLater: [(source: Int64, path: String)] = []
    private static let columns = """
        source_id, kind, format, compression, path, journal, digest, size, position, file_position, lines, complete, first_sequence,
        frames, events, noise, quarantined, duplicates, other, first_at, last_at, context, head, content_digest, content_size,
        content_head, counts_rows, refusal, duration_unit, origin
        """

    private static let upsert: String = {
        let names = columns.split(whereSeparator: { ", \n".contains($0) }).map(String.init)
        let marks = names.map { _ in "?" }.joined(separator: ", ")
        let settings = names.filter { $0 != "source_id" && $0 != "duplicates" }.map { name in
            // What was stated once for a source holds for what is appended to it.
            name == "duration_unit" ? "duration_unit = coalesce(excluded.duration_unit, duration_unit)" : "\(name) = excluded.\(name)"
        }
        return "INSERT INTO source_file (\(columns)) VALUES (\(marks)) ON CONFLICT DO UPDATE SET \(settings.joined(separator: ", "))"
    }()

    init(_ database: StoreConnection, stated: FlowEvent.DurationUnit) {
        self.database = database
        switch stated {
        case .unstated: durationUnit = nil
        case .milliseconds: durationUnit = "ms"
        case .microseconds: durationUnit = "us"
        }
    }

    /// The sizes of sources that a file of `size` bytes, which begins with `head`, may be, or may have grown from.
    func knownSizes(upTo size: Int64, head: String) throws -> [Int64] {
        try
            (database.values(
                """
                SELECT size FROM source_file WHERE head = ?2 AND size BETWEEN \(SourceProbe.headBytes) AND ?1 AND refusal IS NULL
                UNION
                SELECT size FROM source_file WHERE size > 0 AND size < min(?1 + 1, \(SourceProbe.headBytes)) AND refusal IS NULL
                ORDER BY 1
                """, [size, head]) as [Int64])
    }

    /// Whether a source may have inflated to what begins like this.
    func mayHaveContent(head: String) throws -> Bool {
        // Rows of older databases do not say.
        try database.hasRow(
            """
            SELECT 1 FROM source_file WHERE content_head IN (?, '') AND content_size > 0 AND complete AND refusal IS NULL LIMIT 1
            """, [head])
    }

    /// The sizes of what sources inflated to that begins with `head`.
    func knownContentSizes(head: String) throws -> [Int64] {
        // Rows of older databases do not say.
        try
            (database.values(
                """
                SELECT DISTINCT content_size FROM source_file
                WHERE content_head IN (?, '') AND content_size > 0 AND kind <> 'journal' AND refusal IS NULL ORDER BY 1
                """, [head]) as [Int64])
    }

    /// A source that was read to its end and inflated to the same bytes.
    func find(contentSize: Int64, contentDigest: String) throws -> SourceRow? {
        try fetch("content_size = ? AND content_digest = ? AND complete", [contentSize, contentDigest])
    }

    func find(size: Int64, digest: String) throws -> SourceRow? {
        try fetch("size = ? AND digest = ?", [size, digest])
    }

    /// A segment of a journal by its place, whatever its bytes, unless it is known to be of a journal with another origin. Older versions
    /// noted a relative name as the place.
    func find(journalPath path: String, origin: String?) throws -> SourceRow? {
        try fetch(
            """
            kind = 'journal' AND coalesce(origin = ?3, 1) AND EXISTS (
                SELECT 1 FROM source_place p
                WHERE p.source_id = source_file.source_id AND (p.path = ?2 OR (p.path = ?1 AND source_file.path = ?1)))
            """, [path, SourceTable.absolute(path), origin])
    }

    /// A segment of a journal by its bytes, unless it is known to be of a journal with another origin.
    func find(journalSize size: Int64, digest: String, origin: String?) throws -> SourceRow? {
        try fetch("size = ?1 AND digest = ?2 AND kind = 'journal' AND coalesce(origin = ?3, 1)", [size, digest, origin])
    }

    private func fetch(_ condition: String, _ arguments: [any StoreArgument]) throws -> SourceRow? {
        let sql = "SELECT \(SourceTable.columns) FROM source_file WHERE \(condition) AND refusal IS NULL ORDER BY source_id DESC LIMIT 1"
        guard let row = try database.row(sql, arguments) else { return nil }
        return SourceRow(
            id: row[0], kind: SourceRow.Kind(rawValue: row[1]) ?? .file, format: row[2], compression: row[3], path: row[4],
            journal: row[5], origin: row[29], digest: row[6], size: row[7], head: row[22], contentDigest: row[23], contentSize: row[24],
            contentHead: row[25], countsRows: row[26], position: row[8],
            filePosition: row[9], lines: row[10],
            isComplete: row[11], firstSequence: row[12], frames: row[13], events: row[14], noise: row[15], quarantined: row[16],
            other: row[18], firstAt: row[19], lastAt: row[20], context: row[21])
    }

    func nextID() throws -> Int64 {
        (try (database.value("SELECT coalesce(max(source_id), 0) FROM source_file") as Int64?) ?? 0) + 1
    }

    /// Inserts the row or writes over it; duplicates are counted by `addDuplicates`.
    func update(_ unsettled: SourceRow) throws {
        var row = unsettled
        row.settle()
        try database.run(
            SourceTable.upsert,
            [
                row.id, row.kind.rawValue, row.format, row.compression, row.path, row.journal, row.digest, row.size, row.position,
                row.filePosition, row.lines, row.isComplete, row.firstSequence, row.frames, row.events, row.noise,
                row.quarantined, 0, row.other, row.firstAt, row.lastAt, row.context, row.head, row.contentDigest, row.contentSize,
                row.contentHead, row.countsRows, StoredValue.null, durationUnit, row.origin,
            ], again: true)
        try forgetPassedOver(path: row.path)
        try see(row.id, at: row.path)
    }

    static func unit(_ stored: String?) -> FlowEvent.DurationUnit {
        switch stored {
        case "ms": .milliseconds
        case "us": .microseconds
        default: .unstated
        }
    }

    /// The unit that is stated now is that of a source of which it was not stated before.
    func noteUnit(source: Int64) throws {
        guard let durationUnit else { return }
        try database.run(
            "UPDATE source_file SET duration_unit = ? WHERE source_id = ? AND duration_unit IS NULL", [durationUnit, source], again: true)
    }

    /// Notes that the bytes of a source are, or were, at a path.
    func see(_ source: Int64, at path: String) throws {
        let absolute = SourceTable.absolute(path)
        if seen[source] == absolute { return }
        seen[source] = absolute
        try database.run(
            """
            INSERT INTO source_place (source_id, path, number) VALUES
                (?1, ?2, (SELECT coalesce(max(number), 0) + 1 FROM source_place WHERE source_id = ?1))
            ON CONFLICT DO UPDATE SET number = excluded.number
            """, [source, absolute], again: true)
    }

    /// The same for a source of which nothing was read; written with the next transaction.
    func seeLater(_ source: Int64, at path: String) throws {
        guard path != "-" else { return }
        let latest =
            try (database.value("SELECT path FROM source_place WHERE source_id = ? ORDER BY number DESC LIMIT 1", [source]) as String?)
        if latest != SourceTable.absolute(path) { seenLater.append((source, path)) }
    }

    /// Writes what `seeLater` took.
    func writePlaces() throws {
        for (source, path) in seenLater {
            try forgetPassedOver(path: path)
            try see(source, at: path)
        }
        seenLater = []
    }

    /// Whether there is anything for `writePlaces`.
    var hasPlaces: Bool { !seenLater.isEmpty }

    /// The path without links, from the root; the path itself where nothing is.
    static func absolute(_ path: String) -> String {
        guard path != "-", let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// A file that was passed over, in place of what was said of it before.
    func notePassedOver(_ problem: InputProblem) throws {
        try database.run("DELETE FROM source_file WHERE path = ? AND refusal IS NOT NULL", [problem.path])
        try database.run(
            """
            INSERT INTO source_file (source_id, kind, format, compression, path, digest, size, head, content_digest, content_size,
                position, file_position, lines, context, complete, refusal)
            VALUES (?, 'file', '', '', ?, '', 0, '', '', 0, 0, 0, 0, '', 0, ?)
            """, [try nextID(), problem.path, problem.message])
    }

    /// Whether just that is said of the file already.
    func isNoted(_ problem: InputProblem) throws -> Bool {
        try database.hasRow("SELECT 1 FROM source_file WHERE path = ? AND refusal = ?", [problem.path, problem.message])
    }

    /// A file that was passed over before, and is read now.
    func forgetPassedOver(path: String) throws {
        guard
            try database.hasRow("SELECT 1 FROM source_file WHERE path = ? AND refusal IS NOT NULL", [path])
        else { return }
        try database.run("DELETE FROM source_file WHERE path = ? AND refusal IS NOT NULL", [path])
    }

    /// The duplicates of a source that is read again are counted anew.
    func clearDuplicates(source: Int64) throws {
        try database.run("UPDATE source_file SET duplicates = 0 WHERE source_id = ?", [source])
    }

    /// Counts events of a source that said nothing new.
    func addDuplicates(_ count: Int64, source: Int64) throws {
        try database.run("UPDATE source_file SET duplicates = duplicates + ? WHERE source_id = ?", [count, source], again: true)
    }
}
