internal import Crypto
internal import FlowJournal
internal import FlowModel
public import FlowStore
internal import TextEncodings

/// Directories below which sources are looked for by what they hold: archives, backups, and what was moved.
///
/// Every file there is read at most once as it is and once inflated, and only when it begins like a source.
public struct SourceRoots: Sendable {
    /// A file that begins with the bytes of a source.
    private struct Place: Sendable {
        var path: String
        /// Whether there is nothing behind them.
        var isWhole: Bool
    }

    /// Directories that hold a journal, in the order of their paths.
    private(set) var journals: [String] = []
    /// What could not be looked into, and why.
    public private(set) var problems: [String] = []
    private var files: [String: Place] = [:]
    private var contents: [String: Place] = [:]
    private static let chunk = 1 << 18

    /// Nowhere.
    public static let none = SourceRoots()

    private init() {}

    /// Reads what lies below `directories`, and finds out what of it the sources of `database` begin with.
    ///
    /// - Throws: `InputProblem` for one that is not there or cannot be read; what below them cannot be read is in `problems`.
    /// - Complexity: of time, the bytes of files that begin like a source; of memory, the number of files.
    public init(_ directories: [String], of database: AuditDatabase) throws {
        self = try database.read { try SourceRoots(directories, $0) }
    }

    private init(_ directories: [String], _ database: StoreConnection) throws {
        var collector = InputCollector()
        collector.collect(directories)
        if let refusal = collector.refusals.first(where: { directories.contains($0.path) }) { throw refusal }
        problems = collector.refusals.map(\.message)
        var seen: Set<String> = []
        for path in collector.files.map(SourceTable.absolute) {
            let directory = SourceIngest.directory(of: path)
            if SegmentName.number(of: path) != nil, JournalDirectory.isJournal(directory) {
                if seen.insert(directory).inserted { journals.append(directory) }
                continue
            }
            do {
                try look(at: path, database)
            } catch let problem as InputProblem {
                problems.append(problem.message)
            }
        }
        journals.sort()
    }

    /// Where a file is that begins with these bytes, as they are or inflated, and whether there is nothing behind them.
    func place(of file: SourcePlaces.File) -> (path: String, isWhole: Bool)? {
        let found = [files[file.digest], file.contentSize > 0 ? contents[file.contentDigest] : nil].compactMap { $0 }
        guard let best = found.first(where: \.isWhole) ?? found.first else { return nil }
        return (best.path, best.isWhole)
    }

    private mutating func look(at path: String, _ database: StoreConnection) throws {
        let table = SourceTable(database, stated: .unstated)
        let size = Ingest.size(of: path)
        let wanted = try table.knownSizes(upTo: size, head: SourceProbe.head(path: path))
        for (prefix, digest) in try SourceProbe.prefixes(path: path, sizes: wanted) {
            SourceRoots.note(Place(path: path, isWhole: prefix == size), digest, &files)
        }
        try lookInside(path, table)
    }

    /// What a file inflates to; a plain file may be what a compressed source inflated to.
    private mutating func lookInside(_ path: String, _ table: SourceTable) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SourceRoots.chunk, alignment: 16)
        defer { buffer.deallocate() }
        do {
            let reader = try ByteStreamReader(path: path)
            var first = 0
            while first < Int(SourceProbe.headBytes) {
                let more = try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[first...]))
                if more == 0 { break }
                first += more
            }
            let head = UnsafeRawBufferPointer(rebasing: buffer[..<min(first, Int(SourceProbe.headBytes))])
            var hash = PrefixHash(try table.knownContentSizes(head: Hexadecimal.text(SHA256.hash(data: head))))
            var count = first
            while !hash.isDone, count > 0 {
                hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                count = try reader.read(into: buffer)
            }
            for (size, digest) in hash.prefixes {
                SourceRoots.note(Place(path: path, isWhole: count == 0 && size == hash.size), digest, &contents)
            }
        } catch let problem as StreamProblem {
            problems.append("`\(path)`: \(problem)")
        }
    }

    private static func note(_ place: Place, _ digest: String, _ places: inout [String: Place]) {
        if places[digest]?.isWhole != true { places[digest] = place }
    }
}
