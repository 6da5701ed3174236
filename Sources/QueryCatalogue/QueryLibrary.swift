internal import Foundation

/// The directory of statements that auditors read and change: `detections`, `forensics` and `report`.
public struct QueryLibrary: Hashable, Sendable {
    public enum Shelf: String, Sendable, CaseIterable {
        case detections
        case forensics
        case report
    }

    public let root: String

    /// Names an environment variable that holds the directory.
    public static let variable = "TWIN_AUDIT_QUERIES"
    private static let directoryName = "Queries"
    private static let installedShare = "../share/twin-audit/Queries"
    /// A build directory lies four levels below the package; two more for builds in a scratch path.
    private static let levelsUpward = 6

    /// Takes `root` as it is.
    public init(root: String) throws(QueryFailure) {
        guard QueryLibrary.isLibrary(root) else {
            throw QueryFailure(
                .environment, "`\(root)` is no query library: it has no directory `\(Shelf.detections.rawValue)`")
        }
        self.root = root
    }

    /// Finds the library: `explicit`, else `fromEnvironment`, else beside the program, where it is installed, or in the source
    /// tree that holds the program.
    public static func locate(
        explicit: String?, fromEnvironment: String?, executable: String?
    ) throws(QueryFailure) -> QueryLibrary {
        if let explicit { return try QueryLibrary(root: explicit) }
        if let fromEnvironment, !fromEnvironment.isEmpty { return try QueryLibrary(root: fromEnvironment) }
        let candidates = executable.map(places) ?? []
        for candidate in candidates where isLibrary(candidate) { return try QueryLibrary(root: candidate) }
        let list = candidates.map { "`\($0)`" }.joined(separator: ", ")
        throw QueryFailure(
            .environment, "no query library; looked for \(list); name one with --queries or \(variable)")
    }

    /// Where a library may lie for a program at `executable`, nearest first.
    static func places(executable: String) -> [String] {
        let program = URL(fileURLWithPath: executable).standardizedFileURL.deletingLastPathComponent()
        var places = [
            program.appendingPathComponent(directoryName), program.appendingPathComponent(installedShare).standardizedFileURL,
        ]
        var directory = program
        for _ in 0..<levelsUpward where directory.path != "/" {
            directory = directory.deletingLastPathComponent()
            places.append(directory.appendingPathComponent(directoryName))
        }
        return places.map(\.path)
    }

    private static func isLibrary(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path + "/" + Shelf.detections.rawValue, isDirectory: &isDirectory)
            && isDirectory.boolValue
    }

    /// Paths of a shelf's statements, in the order of their names.
    package func paths(_ shelf: Shelf) throws(QueryFailure) -> [String] {
        let directory = root + "/" + shelf.rawValue
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw QueryFailure(.environment, "`\(directory)`: cannot read the directory")
        }
        return names.filter { $0.hasSuffix(".sql") && !$0.hasPrefix(".") }.sorted().map { directory + "/" + $0 }
    }

    /// Reads a text file of the library.
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
    public func questions() throws(QueryFailure) -> [QueryFile] { try files(.forensics, moreKeys: []) }

    /// Reads every file of a shelf; `moreKeys` are allowed in headers beside the common ones.
    private func files(_ shelf: Shelf, moreKeys: Set<String>) throws(QueryFailure) -> [QueryFile] {
        var files: [QueryFile] = []
        for path in try paths(shelf) {
            files.append(try QueryFile.parse(try QueryLibrary.read(path), path: path, moreKeys: moreKeys).file)
        }
        return files
    }

    /// A section of a report by its id.
    public func section(_ id: String) throws(QueryFailure) -> ReportQuery {
        let path = root + "/" + Shelf.report.rawValue + "/" + id + ".sql"
        return try ReportQuery(try QueryLibrary.read(path), path: path)
    }

    /// All sections of reports, in the order of their ids.
    public func sections() throws(QueryFailure) -> [ReportQuery] {
        var sections: [ReportQuery] = []
        for path in try paths(.report) { sections.append(try ReportQuery(try QueryLibrary.read(path), path: path)) }
        return sections
    }

    private static let templateDirectory = "templates"

    /// A template of a report by its id.
    public func template(_ id: String) throws(QueryFailure) -> ReportTemplate {
        let names = try templateNames()
        guard names.contains(id) else {
            let known = names.map { "`\($0)`" }.joined(separator: ", ")
            throw QueryFailure(.usage, "no report template `\(id)`; there are \(known)")
        }
        let path = templatePath(id)
        return try ReportTemplate(try QueryLibrary.read(path), path: path)
    }

    /// All templates, in the order of their ids.
    public func templates() throws(QueryFailure) -> [ReportTemplate] {
        var templates: [ReportTemplate] = []
        for name in try templateNames() {
            let path = templatePath(name)
            templates.append(try ReportTemplate(try QueryLibrary.read(path), path: path))
        }
        return templates
    }

    private func templatePath(_ id: String) -> String {
        root + "/" + Shelf.report.rawValue + "/" + QueryLibrary.templateDirectory + "/" + id + ".yaml"
    }

    private func templateNames() throws(QueryFailure) -> [String] {
        let directory = root + "/" + Shelf.report.rawValue + "/" + QueryLibrary.templateDirectory
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw QueryFailure(.environment, "`\(directory)`: cannot read the directory")
        }
        return names.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }
}
