internal import BuiltInQueries

/// What a public view of the database holds, as docs/database-views.md says; a test holds that document against the views themselves.
public struct ViewDescription: Hashable, Sendable {
    public struct Column: Hashable, Sendable {
        public var name: String
        /// In Markdown, as the document has it.
        public var meaning: String
    }

    public var name: String
    /// One sentence, in Markdown.
    public var meaning: String
    /// In the order of the document.
    public var columns: [Column]

    /// All views, in the order of the document.
    public static let all = read(LibraryFiles.views)

    /// Headings of the second level that are a name in code are views; the table below has the columns, one or several a row.
    static func read(_ document: String) -> [ViewDescription] {
        var views: [ViewDescription] = []
        var paragraph = ""
        for line in document.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("## ") {
                let names = codes(in: line)
                if names.count == 1 { views.append(ViewDescription(name: names[0], meaning: "", columns: [])) }
                paragraph = ""
            } else if line.hasPrefix("| `"), let view = views.indices.last {
                views[view].columns += columns(of: line, after: views[view].columns.last?.meaning ?? "")
            } else if let view = views.indices.last, views[view].meaning.isEmpty {
                if line.isEmpty, !paragraph.isEmpty {
                    views[view].meaning = firstSentence(of: paragraph)
                } else if !line.isEmpty {
                    paragraph += (paragraph.isEmpty ? "" : " ") + line
                }
            }
        }
        return resolved(views)
    }

    /// A row names columns, may say what they hold, and says what they mean.
    private static func columns(of row: Substring, after previous: String) -> [Column] {
        let cells = String(row).replacing("\\|", with: "\u{1}").split(separator: "|").map { cell in
            trimmed(String(cell).replacing("\u{1}", with: "|"))
        }
        guard let first = cells.first, let last = cells.last, cells.count > 1 else { return [] }
        return codes(in: first[...]).map { Column(name: $0, meaning: last == "likewise" ? previous : last) }
    }

    /// Puts what a column means in the place of where that is said.
    private static func resolved(_ views: [ViewDescription]) -> [ViewDescription] {
        let meanings = Dictionary(
            uniqueKeysWithValues: views.map { view in
                (view.name, Dictionary(view.columns.map { ($0.name, $0.meaning) }, uniquingKeysWith: { first, _ in first }))
            })
        return views.map { view in
            var view = view
            for (index, column) in view.columns.enumerated() where column.meaning.hasPrefix("as in `") {
                guard let other = codes(in: column.meaning[...]).first, let meaning = meanings[other]?[column.name] else { continue }
                view.columns[index].meaning = meaning
            }
            return view
        }
    }

    /// What stands between backquotes.
    private static func codes(in text: Substring) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    private static func firstSentence(of text: String) -> String {
        guard let end = text.firstRange(of: ". ") else { return text }
        return String(text[..<end.lowerBound]) + "."
    }

    private static func trimmed(_ text: String) -> String {
        var view = text[...]
        while view.hasPrefix(" ") { view.removeFirst() }
        while view.hasSuffix(" ") { view.removeLast() }
        return String(view)
    }
}
