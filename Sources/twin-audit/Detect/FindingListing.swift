internal import Detection
internal import FlowModel
internal import QueryCatalogue
internal import QueryLibrary
internal import TerminalSupport
internal import Wording

/// Prints findings: a paragraph each for people, a row each for programs.
struct FindingListing {
    private let options: OutputOptions

    init(_ options: OutputOptions) {
        self.options = options
    }

    static let columns = [
        "finding_id", "rule_id", "severity", "status", "count", "first_seen", "last_seen", "principal", "resource", "connector",
        "title", "explanation", "witness", "suppressed_by", "subject", "parameters", "evidence",
    ]

    func write(_ findings: [Finding]) throws {
        let offset = try options.offsetMinutes()
        let output = OutputStream()
        guard options.format != .table else {
            for finding in findings { try output.write(paragraph(finding, offset)) }
            return try output.flush()
        }
        let writer = RowWriter(format: options.format, columns: FindingListing.columns, output: output)
        for finding in findings { try writer.write(row(finding, offset)) }
        try writer.finish()
    }

    private func time(_ time: Timestamp?, _ offset: Int) -> Cell { time.map { .time($0.rfc3339(offsetMinutes: offset)) } ?? .null }

    private func row(_ finding: Finding, _ offset: Int) -> [Cell] {
        let isJSON = options.format == .json || options.format == .ndjson
        return [
            .text(finding.id), .text(finding.ruleID), .text(finding.severity.rawValue), .text(finding.status.rawValue),
            .integer(finding.count), time(finding.firstSeen, offset), time(finding.lastSeen, offset), .text(finding.principal),
            .text(finding.resource), .text(finding.connector), .text(finding.title), .text(finding.explanation),
            .text(finding.witness), .text(finding.suppressedBy), .json(finding.subjectJSON), .json(finding.parametersJSON),
            isJSON ? .json(finding.evidenceJSON) : .text(finding.evidence.map(\.place).joined(separator: "; ")),
        ]
    }

    private func paragraph(_ finding: Finding, _ offset: Int) -> String {
        var lines = ["\(label(finding.severity))  \(finding.title)  [\(finding.ruleID), \(finding.status.rawValue)]"]
        lines.append("    " + Escaping.terminal(finding.explanation))
        var facts: [String] = []
        if let first = finding.firstSeen, let last = finding.lastSeen {
            let (from, to) = (first.rfc3339(offsetMinutes: offset), last.rfc3339(offsetMinutes: offset))
            facts.append(first == last ? from : "\(from) to \(to)")
        }
        facts.append("finding \(finding.shortID)")
        facts.append("word of the \(finding.witness)")
        lines.append("    " + facts.joined(separator: ", "))
        if let suppressed = finding.suppressedBy { lines.append("    set aside by " + Escaping.terminal(suppressed)) }
        for evidence in finding.evidence {
            let flow = evidence.flowID.map { " (flow \($0))" } ?? ""
            lines.append("    - " + Escaping.terminal(evidence.place) + flow)
        }
        return lines.joined(separator: "\n") + "\n\n"
    }

    /// The severity in capitals, on a terminal in a colour that says the same.
    private func label(_ severity: Severity) -> String {
        let text = severity.rawValue.uppercased()
        guard Terminal.useColor else { return text }
        let code =
            switch severity {
            case .critical: "1;31"
            case .high: "31"
            case .medium: "33"
            case .low, .info: "2"
            }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }
}
