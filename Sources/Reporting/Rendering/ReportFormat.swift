/// The forms of a report.
public enum ReportFormat: String, Sendable, CaseIterable {
    /// One page without scripts or anything from elsewhere.
    case html
    /// One document with everything.
    case json
    /// One file for each section.
    case csv
    case markdown = "md"
}

/// A file of a report, by the name it has in the report's directory.
public struct ReportFile: Sendable {
    public var name: String
    public var text: String
}

extension Report {
    /// The report in one form, as files.
    public func files(_ format: ReportFormat) -> [ReportFile] {
        switch format {
        case .html: [ReportFile(name: "report.html", text: HTMLRenderer(self).page())]
        case .json: [ReportFile(name: "report.json", text: JSONRenderer(self).document())]
        case .markdown: [ReportFile(name: "report.md", text: MarkdownRenderer(self).document())]
        case .csv: CSVRenderer(self).files()
        }
    }
}
