/// A section of a report: a statement, and how its answer is shown.
public struct ReportQuery: Hashable, Sendable {
    public enum Shape: String, Sendable, CaseIterable {
        /// A table.
        case rows
        /// One row whose columns are shown as figures.
        case figures
        /// A row for each stretch of time: its beginning, then numbers that are stacked.
        case bars
    }

    public var query: QueryFile
    public var shape: Shape
    /// What the section says when there is nothing to show.
    public var empty: String
    /// Rows that pages for people show; files for machines have all of them.
    public var shown: Int

    static let keys: Set<String> = ["shape", "empty", "shown"]
    /// Two screenfuls.
    private static let defaultShown = 50

    public init(_ text: String, path: String) throws(QueryFailure) {
        let (file, header) = try QueryFile.parse(text, path: path, moreKeys: ReportQuery.keys)
        query = file
        shape = try header.word("shape", default: .rows)
        empty = try header.requiredText("empty")
        shown = ReportQuery.defaultShown
        if let text = try header.text("shown") {
            guard let number = Int(text), number > 0 else { throw header.failure("shown", "`shown` must be a positive number") }
            shown = number
        }
        guard !file.columns.isEmpty else { throw header.failure("columns", "a section of a report needs `columns`") }
    }
}
