/// The names in a journal's directory.
public struct JournalDirectory: Hashable, Sendable {
    public let path: String

    public init(_ path: String) {
        var trimmed = path
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        self.path = trimmed
    }

    /// Segment numbers that exist, ascending. There may be gaps, which a verifier reports.
    public func segments() throws(SystemProblem) -> [Int] {
        try FileSystem.names(in: path).compactMap { SegmentName.number(of: $0) }.sorted()
    }

    /// Names of files that are no segments and that a pattern such as `*.ndjson.gz` finds, or finds where case does not matter.
    func others() throws(SystemProblem) -> [String] {
        try FileSystem.names(in: path).filter { name in
            SegmentName.number(of: name) == nil && !name.hasPrefix(".") && name.lowercased().hasSuffix(SegmentName.suffix)
        }
    }

    public func segmentPath(_ number: Int) -> String { path + "/" + SegmentName.name(of: number) }

    /// Whether the path is a directory with at least one segment.
    public static func isJournal(_ path: String) -> Bool {
        guard let status = try? FileSystem.status(path), status.isDirectory else { return false }
        return (try? JournalDirectory(path).segments().isEmpty) == false
    }

    var lockPath: String { path + "/lock" }
    var reservePath: String { path + "/reserve" }
    var tornPath: String { path + "/torn" }
    var checkpointsPath: String { path + "/" + CheckpointFile.name }
}
