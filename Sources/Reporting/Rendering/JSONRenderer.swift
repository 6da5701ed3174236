internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import TextEncodings
internal import Wording

/// A report as one JSON document (RFC 8259) with all rows; times are RFC 3339 in UTC.
struct JSONRenderer {
    /// Grows when members change their meaning.
    private static let format = "twin-audit-report/1"
    private let report: Report

    init(_ report: Report) {
        self.report = report
    }

    func document() -> String {
        JSONWriter.text(.shown) { $0.object(members) } + "\n"
    }

    private func members(_ json: inout JSONWriter) {
        json.member("format", JSONRenderer.format)
        json.member("template", report.template)
        json.member("title", report.title)
        json.member("software", report.software)
        json.member("generated_at", report.generatedAt.rfc3339)
        json.object("period") {
            $0.member("name", report.periodName)
            JSONRenderer.time("since", report.period.since, &$0)
            JSONRenderer.time("until", report.period.until, &$0)
        }
        json.object("parameters") { for parameter in report.parameters { $0.member(parameter.name, parameter.value) } }
        json.member("flows", report.flows)
        json.member("conclusion", report.conclusion.rawValue)
        json.member("verdict", report.verdict)
        json.array("failures") { for failure in report.failures { $0.string(failure) } }
        JSONRenderer.lines("sections", report.sections, &json, section)
    }

    private static func time(_ name: String, _ time: Timestamp?, _ json: inout JSONWriter) {
        json.name(name)
        if let time { json.string(time.rfc3339) } else { json.null() }
    }

    /// An array with a line for each element.
    private static func lines<Element>(
        _ name: String, _ elements: [Element], _ json: inout JSONWriter, _ write: (Element, inout JSONWriter) -> Void
    ) {
        json.array(name) {
            $0.newLine()
            for (index, element) in elements.enumerated() {
                if index > 0 { $0.newLine() }
                write(element, &$0)
            }
            $0.newLine()
        }
    }

    private func section(_ section: ReportSection, _ json: inout JSONWriter) {
        json.object {
            $0.member("id", section.id)
            $0.member("title", section.title)
            $0.member("question", section.question)
            switch section.content {
            case .table(let table), .figures(let table), .bars(let table):
                $0.name("cut_short")
                $0.flag(table.isCut)
                JSONRenderer.lines("rows", table.rows, &$0) { row, json in write(row, table.columns, &json) }
            case .findings(let findings):
                JSONRenderer.lines("findings", findings, &$0, write)
            case .notes(let notes):
                $0.array("notes") {
                    for (index, note) in notes.enumerated() {
                        if index > 0 { $0.newLine() }
                        $0.string(note)
                    }
                }
            }
        }
    }

    private func write(_ row: [ReportValue], _ columns: [QueryFile.Column], _ json: inout JSONWriter) {
        json.object {
            for (column, value) in zip(columns, row) {
                $0.name(column.kind == .flows ? "evidence" : column.name)
                write(value, column.kind, &$0)
            }
        }
    }

    private func write(_ value: ReportValue, _ kind: QueryFile.Column.Kind, _ json: inout JSONWriter) {
        switch value {
        case .evidence(let evidence): write(evidence, &json)
        case .value(.null): json.null()
        case .value(.integer(let number)):
            if kind == .time { json.string(Timestamp(milliseconds: number).rfc3339) } else { json.number(number) }
        case .value(.real(let number)): json.number(number) { String($0) }
        case .value(let value): json.string(value.plain)
        }
    }

    private func write(_ evidence: [FindingEvidence], _ json: inout JSONWriter) {
        json.array { for record in evidence { record.write(into: &$0) } }
    }

    private func write(_ finding: Finding, _ json: inout JSONWriter) {
        json.object {
            $0.member("finding_id", finding.id)
            $0.member("rule_id", finding.ruleID)
            $0.member("severity", finding.severity.rawValue)
            $0.member("status", finding.status.rawValue)
            $0.member("title", finding.title)
            $0.member("explanation", finding.explanation)
            $0.member("witness", finding.witness)
            $0.name("subject")
            $0.value(json: finding.subjectJSON)
            JSONRenderer.time("first_seen", finding.firstSeen, &$0)
            JSONRenderer.time("last_seen", finding.lastSeen, &$0)
            $0.member("count", finding.count)
            $0.name("parameters")
            $0.value(json: finding.parametersJSON)
            $0.name("suppressed_by")
            if let suppressed = finding.suppressedBy { $0.string(suppressed) } else { $0.null() }
            $0.name("evidence")
            write(finding.evidence, &$0)
        }
    }
}
