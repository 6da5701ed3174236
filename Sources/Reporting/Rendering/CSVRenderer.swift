internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import Wording

/// A report as one CSV file (RFC 4180) for each section, with all rows.
struct CSVRenderer {
    private let report: Report

    init(_ report: Report) {
        self.report = report
    }

    func files() -> [ReportFile] { report.sections.map { ReportFile(name: $0.id + ".csv", text: text($0)) } }

    private func text(_ section: ReportSection) -> String {
        switch section.content {
        case .table(let table), .figures(let table), .bars(let table): self.table(table)
        case .findings(let findings): self.findings(findings)
        case .notes(let notes): lines([["note"]] + notes.map { [$0] })
        }
    }

    private func lines(_ rows: [[String]]) -> String {
        rows.map { $0.map { Escaping.csv($0) }.joined(separator: ",") + "\n" }.joined()
    }

    private func table(_ table: ReportTable) -> String {
        var output = table.columns.map { Escaping.csv($0.name) }.joined(separator: ",") + "\n"
        for row in table.rows {
            output += zip(row, table.columns).map { cell($0, $1.kind) }.joined(separator: ",") + "\n"
        }
        return output
    }

    private func cell(_ value: ReportValue, _ kind: QueryFile.Column.Kind) -> String {
        switch value {
        case .evidence(let evidence): Escaping.csv(evidence.map(ReportWording.evidence).joined(separator: "; "))
        case .value(.integer(let number)) where kind == .time: Timestamp(milliseconds: number).rfc3339
        // Numbers stay numbers: a leading minus is no formula.
        case .value(.integer(let number)): String(number)
        case .value(.real(let number)): String(number)
        case .value(let value): Escaping.csv(value.plain)
        }
    }

    private func findings(_ findings: [Finding]) -> String {
        let header = [
            "finding_id", "rule_id", "severity", "status", "title", "explanation", "witness", "principal", "resource", "connector",
            "first_seen", "last_seen", "count", "suppressed_by", "evidence",
        ]
        return lines(
            [header]
                + findings.map { finding in
                    [
                        finding.id, finding.ruleID, finding.severity.rawValue, finding.status.rawValue, finding.title,
                        finding.explanation, finding.witness, finding.principal ?? "", finding.resource ?? "",
                        finding.connector ?? "", finding.firstSeen?.rfc3339 ?? "", finding.lastSeen?.rfc3339 ?? "",
                        String(finding.count), finding.suppressedBy ?? "",
                        finding.evidence.map(ReportWording.evidence).joined(separator: "; "),
                    ]
                })
    }
}
