public import Detection
public import FlowModel
public import QueryCatalogue
public import QueryLibrary

/// Everything that a report says, before it has a form.
public struct Report: Sendable {
    /// What the whole comes to.
    public enum Conclusion: String, Sendable {
        case clean
        /// There are violations, or findings that are medium or worse.
        case violations
        /// There was nothing to judge.
        case undecidable
    }

    public var template: String
    public var title: String
    public var intro: String
    /// The period as it was asked for, and as it was counted: widened to whole hours.
    public var period: Period
    public var periodName: String
    public var generatedAt: Timestamp
    /// Name and version of the program.
    public var software: String
    public var conclusion: Conclusion
    /// One sentence.
    public var verdict: String
    /// Values that the reader gave, such as who an incident is about.
    public var parameters: [(name: String, value: String)]
    public var sections: [ReportSection]
    /// What the detections found in the period, whether or not a section shows it.
    public var findings: [Finding]
    /// Flows in the period.
    public var flows: Int64
    /// Rules and sections that failed, one sentence each; the report says so where they would stand.
    public var failures: [String] = []
}

/// A part of a report under its own heading.
public struct ReportSection: Sendable {
    public enum Content: Sendable {
        case table(ReportTable)
        /// One row, shown as figures.
        case figures(ReportTable)
        /// Numbers over time.
        case bars(ReportTable)
        case findings([Finding])
        /// Sentences.
        case notes([String])
    }

    public var id: String
    public var title: String
    public var question: String
    /// What is said when there is nothing to show.
    public var empty: String
    public var content: Content

    public var isEmpty: Bool {
        switch content {
        case .table(let table), .figures(let table), .bars(let table): table.rows.isEmpty
        case .findings(let findings): findings.isEmpty
        case .notes(let notes): notes.isEmpty
        }
    }
}

extension ReportSection {
    /// Whether some sum of bytes in it was cut off at 2^63−1.
    var hasCutSum: Bool {
        let table: ReportTable
        switch content {
        case .table(let rows), .figures(let rows), .bars(let rows): table = rows
        case .findings, .notes: return false
        }
        return table.rows.contains { row in
            zip(row, table.columns).contains { value, column in
                if column.kind == .bytes, case .value(.integer(.max)) = value { true } else { false }
            }
        }
    }
}

public struct ReportTable: Sendable {
    public var columns: [QueryFile.Column]
    public var rows: [[ReportValue]]
    /// Rows that pages for people show.
    public var shown: Int
    /// There were more rows than a report holds.
    public var isCut: Bool
}

public enum ReportValue: Sendable {
    case value(StoredValue)
    case evidence([FindingEvidence])
}

extension Report {
    /// Whether the findings reach a severity, those that were set aside not counted.
    public func hasFinding(atLeast severity: Severity) -> Bool {
        findings.contains { $0.severity >= severity && $0.suppressedBy == nil }
    }
}
