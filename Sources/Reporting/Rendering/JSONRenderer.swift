internal import Detection
internal import FlowModel
internal import FlowStore
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
        let members: [(String, String)] = [
            ("format", Escaping.json(JSONRenderer.format)),
            ("template", Escaping.json(report.template)),
            ("title", Escaping.json(report.title)),
            ("software", Escaping.json(report.software)),
            ("generated_at", Escaping.json(report.generatedAt.rfc3339)),
            (
                "period",
                object([
                    ("name", Escaping.json(report.periodName)), ("since", time(report.period.since)),
                    ("until", time(report.period.until)),
                ])
            ),
            ("parameters", object(report.parameters.map { ($0.name, Escaping.json($0.value)) })),
            ("flows", String(report.flows)),
            ("conclusion", Escaping.json(report.conclusion.rawValue)),
            ("verdict", Escaping.json(report.verdict)),
            ("failures", "[" + report.failures.map { Escaping.json($0) }.joined(separator: ",") + "]"),
            ("sections", "[\n" + report.sections.map(section).joined(separator: ",\n") + "\n]"),
        ]
        return object(members) + "\n"
    }

    private func object(_ members: [(String, String)]) -> String {
        "{" + members.map { Escaping.json($0) + ":" + $1 }.joined(separator: ",") + "}"
    }

    private func time(_ time: Timestamp?) -> String { time.map { Escaping.json($0.rfc3339) } ?? "null" }

    private func section(_ section: ReportSection) -> String {
        var members: [(String, String)] = [
            ("id", Escaping.json(section.id)), ("title", Escaping.json(section.title)),
            ("question", Escaping.json(section.question)),
        ]
        switch section.content {
        case .table(let table), .figures(let table), .bars(let table):
            members.append(("cut_short", table.isCut ? "true" : "false"))
            members.append(("rows", "[\n" + table.rows.map { row($0, table.columns) }.joined(separator: ",\n") + "\n]"))
        case .findings(let findings):
            members.append(("findings", "[\n" + findings.map(finding).joined(separator: ",\n") + "\n]"))
        case .notes(let notes):
            members.append(("notes", "[" + notes.map(Escaping.json).joined(separator: ",\n") + "]"))
        }
        return object(members)
    }

    private func row(_ row: [ReportValue], _ columns: [QueryFile.Column]) -> String {
        object(zip(columns, row).map { ($0.kind == .flows ? "evidence" : $0.name, value($1, $0.kind)) })
    }

    private func value(_ value: ReportValue, _ kind: QueryFile.Column.Kind) -> String {
        switch value {
        case .evidence(let evidence): "[" + evidence.map { Escaping.embedded(json: $0.json) }.joined(separator: ",") + "]"
        case .value(.null): "null"
        case .value(.integer(let number)): kind == .time ? time(Timestamp(milliseconds: number)) : String(number)
        case .value(.real(let number)): number.isFinite ? String(number) : "null"
        case .value(let value): Escaping.json(value.plain)
        }
    }

    private func finding(_ finding: Finding) -> String {
        object([
            ("finding_id", Escaping.json(finding.id)), ("rule_id", Escaping.json(finding.ruleID)),
            ("severity", Escaping.json(finding.severity.rawValue)), ("status", Escaping.json(finding.status.rawValue)),
            ("title", Escaping.json(finding.title)), ("explanation", Escaping.json(finding.explanation)),
            ("witness", Escaping.json(finding.witness)), ("subject", Escaping.embedded(json: finding.subjectJSON)),
            ("first_seen", time(finding.firstSeen)),
            ("last_seen", time(finding.lastSeen)), ("count", String(finding.count)), ("parameters", finding.parametersJSON),
            ("suppressed_by", finding.suppressedBy.map(Escaping.json) ?? "null"),
            ("evidence", "[" + finding.evidence.map { Escaping.embedded(json: $0.json) }.joined(separator: ",") + "]"),
        ])
    }
}
