internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import Wording

/// A report as Markdown (CommonMark with tables).
struct MarkdownRenderer {
    private let report: Report

    init(_ report: Report) {
        self.report = report
    }

    func document() -> String {
        var output = "# \(escape(report.title)): \(escape(report.periodName))\n\n"
        output += "\(escape(report.intro))\n\n"
        output += "**\(escape(report.verdict))**\n\n"
        output += "| | |\n| --- | --- |\n"
        output += "| Period | \(escape(report.period.description)) |\n"
        output += "| Made | \(escape(report.generatedAt.rfc3339)) by \(escape(report.software)) |\n"
        for parameter in report.parameters { output += "| \(escape(parameter.name)) | \(escape(parameter.value)) |\n" }
        output += "| Connections | \(Quantities.count(report.flows)) |\n\n"
        for section in report.sections { output += self.section(section) }
        output += "## Words\n\n"
        for (term, meaning) in ReportWording.glossary { output += "* **\(term)**: \(escape(meaning))\n" }
        return output
    }

    private func escape(_ text: String) -> String { Escaping.markdown(text) }

    private func section(_ section: ReportSection) -> String {
        var output = "## \(escape(section.title))\n\n*\(escape(section.question))*\n\n"
        guard !section.isEmpty else { return output + escape(section.empty) + "\n\n" }
        switch section.content {
        case .table(let table), .bars(let table): output += self.table(table, section.id)
        case .figures(let table):
            for (column, value) in zip(table.columns, table.rows.first ?? []) {
                output += "* \(escape(column.label)): **\(cell(value, column.kind))**\n"
            }
            output += "\n"
        case .findings(let findings): output += findings.map(finding).joined()
        case .notes(let notes): output += notes.map { "* \(escape($0))\n" }.joined() + "\n"
        }
        return output
    }

    private func table(_ table: ReportTable, _ id: String) -> String {
        var output = "| " + table.columns.map { escape($0.label) }.joined(separator: " | ") + " |\n"
        output += "|" + table.columns.map { $0.kind.isNumeric ? " ---: |" : " --- |" }.joined() + "\n"
        for row in table.rows.prefix(table.shown) {
            output += "| " + zip(row, table.columns).map { cell($0, $1.kind) }.joined(separator: " | ") + " |\n"
        }
        output += "\n"
        if let note = table.note(id) { output += escape(note) + "\n\n" }
        return output
    }

    private func cell(_ value: ReportValue, _ kind: QueryFile.Column.Kind) -> String {
        switch value {
        case .value(let value): escape(ReportWording.text(value, kind))
        case .evidence(let evidence):
            evidence.isEmpty
                ? ReportWording.absent : evidence.map { escape(ReportWording.shortEvidence($0)) }.joined(separator: "; ")
        }
    }

    private func finding(_ finding: Finding) -> String {
        var output = "### \(finding.severity.rawValue): \(escape(finding.title))\n\n\(escape(finding.explanation))\n\n"
        output +=
            "* Rule \(escape(finding.ruleID)), finding \(finding.shortID), \(finding.status.rawValue), witness \(escape(finding.witness))\n"
        if let first = finding.firstSeen, let last = finding.lastSeen {
            output += "* \(escape(first.rfc3339)) – \(escape(last.rfc3339)), \(Quantities.count(finding.count)) times\n"
        }
        if let suppressed = finding.suppressedBy { output += "* Set aside by \(escape(suppressed))\n" }
        for evidence in finding.evidence { output += "* Evidence: \(escape(ReportWording.evidence(evidence)))\n" }
        return output + "\n"
    }
}

extension QueryFile.Column.Kind {
    /// Shown flush right.
    var isNumeric: Bool {
        switch self {
        case .integer, .bytes, .duration, .share: true
        case .text, .time, .flows, .digest, .verdict, .severity: false
        }
    }
}

extension ReportTable {
    /// What a page for people leaves out; nil when it shows everything.
    func note(_ id: String) -> String? {
        if isCut { return "Only the first \(Quantities.count(Int64(rows.count))) rows are part of this report." }
        guard rows.count > shown else { return nil }
        return
            "\(Quantities.count(Int64(shown))) of \(Quantities.count(Int64(rows.count))) rows; \(id).csv and report.json have all of them."
    }
}
