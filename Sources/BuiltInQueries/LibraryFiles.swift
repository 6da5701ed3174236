/// The files of `Queries/`, and docs/database-views.md, as they were when the program was built.
public enum LibraryFiles {
    private static let texts = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0.text) })

    /// Paths within `Queries/`, in the order of their bytes.
    public static var paths: [String] { all.map(\.path) }

    /// The description of the views of the database, in Markdown.
    public static var views: String { document }

    /// The text of a file by its path within `Queries/`; nil for a path that is none.
    public static func text(_ path: String) -> String? { texts[path] }
}
