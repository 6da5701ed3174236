internal import BuiltInQueries
internal import FileAccess
internal import Foundation

/// The statements that auditors read and change: `detections`, `forensics` and `report`. The program has them within itself; a directory
/// of the user's may be laid over them, whose files take the place of those of the same name, and add to them.
public struct QueryLibrary: Hashable, Sendable, CustomStringConvertible {
    public enum Shelf: String, Sendable, CaseIterable {
        case detections
        case forensics
        case report
    }

    /// A file of the library.
    package struct Entry {
        /// As messages name it: a path, or `built-in:` and the path within the library.
        package var path: String
        package var text: String
    }

    /// The library of the program alone.
    public static let builtIn = QueryLibrary()

    /// What lies over the program's own library; nil for nothing.
    public let root: String?
    /// Paths within the library of what `root` holds.
    private let overlay: Set<String>

    /// Names an environment variable that holds the directory.
    public static let variable = "TWIN_AUDIT_QUERIES"
    private static let builtInPrefix = "built-in:"
    private static let templates = Shelf.report.rawValue + "/templates"
    private static let endings = [".sql", ".yaml"]
    private static let builtInDirectories = Set(LibraryFiles.paths.map { directory(of: $0) })

    private init() {
        root = nil
        overlay = []
    }

    /// Lays a directory over the program's own library.
    ///
    /// - Throws: for a directory that has none of the library's own: it is most likely not the one that was meant.
    public init(root: String) throws(QueryFailure) {
        let names = try QueryLibrary.names(in: root)
        let shelves = Shelf.allCases.map(\.rawValue)
        guard names.contains(where: shelves.contains) else {
            let list = shelves.map { "`\($0)`" }.joined(separator: ", ")
            throw QueryFailure(.environment, "`\(root)` is no query library: it has none of the directories \(list)")
        }
        self.root = root
        var files: Set<String> = []
        var directories = names.filter(shelves.contains)
        while let directory = directories.popLast() {
            for name in try QueryLibrary.names(in: root + "/" + directory) where !name.hasPrefix(".") {
                let path = directory + "/" + name
                if QueryLibrary.endings.contains(where: name.hasSuffix) {
                    files.insert(path)
                } else if QueryLibrary.builtInDirectories.contains(path) {
                    directories.append(path)
                }
            }
        }
        overlay = files
    }

    private static func directory(of path: String) -> String { path.split(separator: "/").dropLast().joined(separator: "/") }

    public var description: String {
        root.map { "the library in `\($0)` over the built-in one" } ?? "the built-in library"
    }

    /// All paths within the library, in the order of their bytes.
    public var paths: [String] { overlay.union(LibraryFiles.paths).sorted() }

    /// Paths within the library of the files of a directory, in the order of their names.
    private func paths(in directory: String) -> [String] { paths.filter { QueryLibrary.directory(of: $0) == directory } }

    /// Paths within the library of a shelf's statements, in the order of their names.
    package func paths(_ shelf: Shelf) -> [String] { paths(in: shelf.rawValue).filter { $0.hasSuffix(".sql") } }

    /// A file by its path within the library; nil when there is none.
    package func entry(_ path: String) throws(QueryFailure) -> Entry? {
        if let root, overlay.contains(path) {
            let file = root + "/" + path
            return Entry(path: file, text: try QueryLibrary.read(file))
        }
        return LibraryFiles.text(path).map { Entry(path: QueryLibrary.builtInPrefix + path, text: $0) }
    }

    /// The text of a file by its path within the library.
    public func text(_ path: String) throws(QueryFailure) -> String { try required(path).text }

    package func required(_ path: String) throws(QueryFailure) -> Entry {
        if let entry = try entry(path) { return entry }
        throw QueryFailure(.environment, "`\(path)`: \(description) has no such file")
    }

    private static func names(in directory: String) throws(QueryFailure) -> [String] {
        do {
            return try DirectoryListing.names(in: directory)
        } catch {
            throw QueryFailure(.environment, error.description)
        }
    }

    /// Reads a text file of the size of a statement.
    public static func read(_ path: String) throws(QueryFailure) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw QueryFailure(.environment, "`\(path)`: cannot open the file")
        }
        defer { try? handle.close() }
        let data: Data
        do {
            data = try handle.read(upToCount: QueryFile.largestFile + 1) ?? Data()
        } catch {
            throw QueryFailure(.environment, "`\(path)`: cannot read the file")
        }
        guard data.count <= QueryFile.largestFile else {
            throw QueryFailure(.refused, "`\(path)`: larger than \(QueryFile.largestFile) bytes, which no query is")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw QueryFailure(.refused, "`\(path)`: not UTF-8")
        }
        return text
    }

    /// All forensic questions, in the order of their names.
    public func questions() throws(QueryFailure) -> [QueryFile] {
        var files: [QueryFile] = []
        for path in paths(.forensics) {
            let entry = try required(path)
            files.append(try QueryFile.parse(entry.text, path: entry.path, moreKeys: []).file)
        }
        return files
    }

    /// A section of a report by its id.
    public func section(_ id: String) throws(QueryFailure) -> ReportQuery { try section(at: Shelf.report.rawValue + "/" + id + ".sql") }

    /// All sections of reports, in the order of their ids.
    public func sections() throws(QueryFailure) -> [ReportQuery] {
        var sections: [ReportQuery] = []
        for path in paths(.report) { sections.append(try section(at: path)) }
        return sections
    }

    private func section(at path: String) throws(QueryFailure) -> ReportQuery {
        let entry = try required(path)
        return try ReportQuery(entry.text, path: entry.path)
    }

    /// A template of a report by its id.
    public func template(_ id: String) throws(QueryFailure) -> ReportTemplate {
        let paths = templatePaths
        guard let path = paths.first(where: { QueryLibrary.templateID($0) == id }) else {
            let known = paths.map { "`\(QueryLibrary.templateID($0))`" }.joined(separator: ", ")
            throw QueryFailure(.usage, "no report template `\(id)`; there are \(known)")
        }
        return try template(at: path)
    }

    /// All templates, in the order of their ids.
    public func templates() throws(QueryFailure) -> [ReportTemplate] {
        var templates: [ReportTemplate] = []
        for path in templatePaths { templates.append(try template(at: path)) }
        return templates
    }

    private func template(at path: String) throws(QueryFailure) -> ReportTemplate {
        let entry = try required(path)
        return try ReportTemplate(entry.text, path: entry.path)
    }

    private var templatePaths: [String] { paths(in: QueryLibrary.templates).filter { $0.hasSuffix(".yaml") } }

    private static func templateID(_ path: String) -> String {
        String(path.dropFirst(templates.count + 1).dropLast(".yaml".count))
    }
}
