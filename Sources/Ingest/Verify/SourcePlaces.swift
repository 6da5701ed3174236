internal import Crypto
internal import FlowJournal
internal import FlowModel
internal import FlowStore
internal import LogFormats
internal import TextEncodings

/// Where the bytes of sources are now: logs are rotated, renamed, moved and compressed.
struct SourcePlaces {
    /// A source that is no journal.
    struct File {
        var id: Int64
        /// As it was named when it was ingested.
        var path: String
        var kind: String
        var format: String
        var size: Int64
        var digest: String
        var contentSize: Int64
        var contentDigest: String
        var durationUnit: String?
    }

    /// What was found at the places of a file.
    enum Answer: Equatable {
        /// The path at which the bytes are, and whether there is nothing behind them: a log may have grown.
        case found(String, isWhole: Bool)
        /// A path at which they were changed.
        case changed(String)
        /// At none of the places; a sentence.
        case gone(String)
    }

    private let database: StoreConnection
    private let roots: SourceRoots

    init(_ database: StoreConnection, roots: SourceRoots = .none) {
        self.database = database
        self.roots = roots
    }

    func files() throws -> [File] {
        try database.rows(
            """
            SELECT source_id, path, kind, format, size, digest, content_size, content_digest, duration_unit FROM source_file
            WHERE kind <> 'journal' AND refusal IS NULL ORDER BY path, source_id
            """
        ).map {
            File(
                id: $0[0], path: $0[1], kind: $0[2], format: $0[3], size: $0[4], digest: $0[5], contentSize: $0[6], contentDigest: $0[7],
                durationUnit: $0[8])
        }
    }

    /// A journal that was ingested.
    struct Journal {
        /// A segment of it, as far as it was ingested.
        struct Segment {
            var id: Int64
            var path: String
            var size: Int64
            var digest: String
            var lines: Int64
            var durationUnit: String?
        }

        /// The directory in which it was read last.
        var directory: String
        /// Nil when no record of it says it.
        var origin: String?
        /// In the order of their numbers.
        var segments: [Segment] = []
        /// Directories in which there is a journal that may be this one, the likeliest first.
        var candidates: [String] = []
        /// Where another journal is, at a place of this one, and that one's origin.
        var stranger: (directory: String, origin: String)?

        func path(of segment: Segment, in directory: String) -> String {
            directory + segment.path[(segment.path.lastIndex(of: "/") ?? segment.path.startIndex)...]
        }

        /// Whether all bytes that were ingested are in a directory.
        func isHeld(in directory: String) -> Bool {
            segments.allSatisfy { segment in
                do throws(InputProblem) {
                    return try SourceProbe.read(path: path(of: segment, in: directory), sizes: [segment.size]).prefixes[segment.size]
                        == segment.digest
                } catch {
                    return false
                }
            }
        }
    }

    /// The journals by their origins, of whatever directories their segments were read from, in the order of those; segments that do not say
    /// their origin by directory.
    func journals() throws -> [Journal] {
        let rows = try database.rows(
            """
            SELECT source_id, path, size, digest, lines, duration_unit, journal,
                coalesce(origin, (SELECT max(s.origin) FROM source_file s WHERE s.journal = source_file.journal
                    AND s.kind = 'journal' AND s.refusal IS NULL HAVING count(DISTINCT s.origin) = 1))
            FROM source_file WHERE kind = 'journal' AND refusal IS NULL
            """
        ).map { row in
            (
                segment: Journal.Segment(
                    id: row[0], path: row[1], size: row[2], digest: row[3], lines: row[4], durationUnit: row[5]),
                directory: row[6] as String, origin: row[7] as String?
            )
        }
        let groups = Dictionary(grouping: rows) { $0.origin.map { "origin " + $0 } ?? "directory " + $0.directory }
        return try groups.values.map { rows in
            let ordered = rows.sorted { SourcePlaces.name(of: $0.segment.path) < SourcePlaces.name(of: $1.segment.path) }
            var journal = Journal(directory: ordered.last?.directory ?? "", origin: ordered.first?.origin)
            journal.segments = ordered.map(\.segment)
            try find(&journal)
            return journal
        }.sorted { ($0.directory, $0.origin ?? "") < ($1.directory, $1.origin ?? "") }
    }

    private static func name(of path: String) -> Substring {
        path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    }

    /// Looks for a journal at all places where it was seen.
    private func find(_ journal: inout Journal) throws {
        let places = "SELECT number, path FROM source_place WHERE source_id = ? ORDER BY number DESC"
        var noted: [(number: Int64, directory: String)] = []
        for segment in journal.segments.reversed() {
            noted += try database.rows(places, [segment.id], again: true).map { ($0[0], SourceIngest.directory(of: $0[1])) }
        }
        noted.sort { $0.number > $1.number }
        var directories = noted.map(\.directory)
        // A relative name, of an older version, is another directory elsewhere.
        if journal.directory.hasPrefix("/") { directories.insert(journal.directory, at: 0) } else { directories.append(journal.directory) }
        var seen: Set<String> = []
        for directory in directories where seen.insert(directory).inserted && JournalDirectory.isJournal(directory) {
            let origin = SourcePlaces.origin(of: directory)
            if let origin, let own = journal.origin, origin != own {
                journal.stranger = journal.stranger ?? (directory, origin)
            } else {
                journal.candidates.append(directory)
            }
        }
        for directory in roots.journals where seen.insert(directory).inserted {
            let origin = SourcePlaces.origin(of: directory)
            let isIt = origin == journal.origin && origin != nil || origin == nil && journal.origin == nil && journal.isHeld(in: directory)
            if isIt { journal.candidates.append(directory) }
        }
    }

    /// The origin that the first frame of the journal in a directory states; nil when it states none or cannot be read.
    private static func origin(of directory: String) -> String? {
        do throws(SystemProblem) {
            return try JournalPass(JournalDirectory(directory)).next()?.openedOrigin(with: FrameInflater())
        } catch {
            return nil
        }
    }

    private func places(of file: File) throws -> [String] {
        let noted = try (database.values("SELECT path FROM source_place WHERE source_id = ? ORDER BY number DESC", [file.id]) as [String])
        return noted.contains(file.path) || file.kind == "stdin" ? noted : noted + [file.path]
    }

    /// Looks for the bytes of a file at all places where they were seen.
    func look(for file: File) throws -> Answer {
        let isPiped = file.kind == "stdin"
        var changed: String?
        var reason =
            isPiped ? "it came from standard input or a pipe, and is not kept" : "it is at none of the places where it was"
        for path in isPiped ? [] : try places(of: file) {
            if Spools.needed(for: path) {
                reason = "`\(path)` is no file now"
                continue
            }
            let probe: SourceProbe
            do throws(InputProblem) {
                probe = try SourceProbe.read(path: path, sizes: [file.size])
            } catch {
                reason = error.message
                continue
            }
            if probe.prefixes[file.size] == file.digest { return .found(path, isWhole: probe.size == file.size) }
            if let isWhole = contentIsWhole(path, of: file) { return .found(path, isWhole: isWhole) }
            if try isRecorded(probe) {
                reason = "`\(path)` holds another file now, that was ingested too; the bytes themselves are at no place that is known"
            } else if try isCopy(path, of: file) {
                changed = changed ?? path
            } else {
                reason = "`\(path)` holds another file now; the bytes themselves are at no place that is known"
            }
        }
        if let place = roots.place(of: file) { return .found(place.path, isWhole: place.isWhole) }
        return changed.map { .changed($0) } ?? .gone(reason)
    }

    /// Of a file that inflates to the bytes that the source inflated to, whether there is nothing behind them; nil for any other file.
    private func contentIsWhole(_ path: String, of file: File) -> Bool? {
        guard file.contentSize > 0 else { return nil }
        let reader: ByteStreamReader
        do { reader = try ByteStreamReader(path: path) } catch { return nil }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var hash = SHA256()
        var left = file.contentSize
        do throws(StreamProblem) {
            while left > 0 {
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, Int(clamping: left))])
                let count = try reader.read(into: room)
                if count == 0 { return nil }
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: room[..<count]))
                left -= Int64(count)
            }
            guard Hexadecimal.text(hash.finalize()) == file.contentDigest else { return nil }
            return try reader.read(into: buffer) == 0
        } catch {
            return nil
        }
    }

    /// Whether a file is, or has grown from, a source of the database.
    private func isRecorded(_ probe: SourceProbe) throws -> Bool {
        try database.hasRow(
            "SELECT 1 FROM source_file WHERE size = ? AND digest = ? AND refusal IS NULL",
            [probe.size, probe.digest])
    }

    /// Records that are looked for in a file.
    private static let sampled = 200

    /// Whether a file has records of this source at their places: then it is the same file, with other bytes. The id alone does not tell:
    /// ids are given again, and where one log was rotated away another begins.
    private func isCopy(_ path: String, of file: File) throws -> Bool {
        let rows = try database.rows(
            """
            SELECT source_offset, connection_id, started_at, ended_at FROM flow
            WHERE source_id = ? AND connection_id IS NOT NULL ORDER BY source_offset LIMIT \(SourcePlaces.sampled)
            """, [file.id])
        guard let last = rows.last?[0] as Int64?, let format = InputFormat(rawValue: file.format) else { return false }
        let reader: ByteStreamReader
        do { reader = try ByteStreamReader(path: path) } catch { return false }
        let records = Dictionary(grouping: rows) { $0[0] as Int64 }
        let worker = DecodingWorker(format: format, key: IdentityKey(key: SipHash.Key(first: 0, second: 0)))
        /// Whether what was decoded has one of them.
        func isFound() -> Bool {
            defer { worker.clear() }
            return worker.batch.flows.contains { event in
                let times = [event.timestamp.milliseconds, event.startedAt?.milliseconds].compactMap { $0 }
                return records[Int64(clamping: event.offset)]?.contains { row in
                    row[1] as String == event.connectionID.text
                        && (times.contains(row[2] as Int64) || times.contains(row[3] as Int64? ?? .max))
                } ?? false
            }
        }
        // As much as the records take, and a line more.
        var left = Int(clamping: min(max(0, last), 64 << 20)) + LineLimits.maxLineLength
        do throws(StreamProblem) {
            while left > 0 {
                let count = try reader.read(into: worker.buffer)
                if count == 0 { break }
                left -= count
                worker.decode(UnsafeRawBufferPointer(rebasing: worker.buffer[..<count]))
                if isFound() { return true }
            }
        } catch {
            // What can be read of a damaged file is enough to recognise it.
        }
        worker.decode(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
        return isFound()
    }
}
