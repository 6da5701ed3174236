internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import Wording

/// A report as one page: no scripts, nothing loaded, every text from outside escaped.
struct HTMLRenderer {
    private let report: Report

    init(_ report: Report) {
        self.report = report
    }

    /// Even if a text slipped through unescaped, a browser would neither run nor load anything.
    private static let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

    func page() -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="\(HTMLRenderer.policy)">
        <meta name="referrer" content="no-referrer">
        <title>\(escape(report.title)), \(escape(report.periodName))</title>
        <style>
        \(HTMLStyle.sheet)
        </style>
        </head>
        <body>
        <a class="skip" href="#content">Skip to the content</a>
        <div class="sheet">
        \(header())
        <main id="content">
        \(navigation())
        \(report.sections.map(section).joined(separator: "\n"))
        \(words())
        </main>
        <footer><p>Made by \(escape(report.software)) at \(escape(report.generatedAt.rfc3339)). Times are UTC. Each line names a record: file or
        journal, segment, frame, record and line; <code>twin-audit trace FLOW</code> shows the whole path of a flow.</p></footer>
        </div>
        </body>
        </html>

        """
    }

    private func escape(_ text: String) -> String { Escaping.html(text) }

    private func header() -> String {
        var facts = [
            ("Period", report.period.description), ("Connections", Quantities.count(report.flows)),
            ("Made", report.generatedAt.rfc3339),
        ]
        facts += report.parameters.map { ($0.name.prefix(1).uppercased() + $0.name.dropFirst(), $0.value) }
        let list = facts.map { "<div><dt>\(escape($0.0))</dt><dd>\(escape($0.1))</dd></div>" }.joined()
        return """
            <header>
            <div class="kind">\(escape(report.title))</div>
            <h1>\(escape(report.periodName))</h1>
            <p>\(escape(report.intro))</p>
            <dl class="facts">\(list)</dl>
            </header>
            <p class="verdict \(report.conclusion.rawValue)" role="status">\(escape(report.verdict))</p>
            """
    }

    private func navigation() -> String {
        let items = report.sections.map { section in
            let count =
                switch section.content {
                case .table(let table): " <span class=\"n\">\(Quantities.count(Int64(table.rows.count)))</span>"
                case .findings(let findings): " <span class=\"n\">\(Quantities.count(Int64(findings.count)))</span>"
                case .notes(let notes): " <span class=\"n\">\(Quantities.count(Int64(notes.count)))</span>"
                case .figures, .bars: ""
                }
            return "<li><a href=\"#\(escape(section.id))\">\(escape(section.title))</a>\(count)</li>"
        }
        return "<nav aria-label=\"Sections\"><ol>\(items.joined())</ol></nav>"
    }

    private func section(_ section: ReportSection) -> String {
        let body: String
        if section.isEmpty {
            body = "<p class=\"empty\">\(escape(section.empty))</p>"
        } else {
            switch section.content {
            case .table(let table): body = self.table(table, section)
            case .figures(let table): body = figures(table)
            case .bars(let table): body = HTMLChart(table).html(title: section.title) + details(table, section)
            case .findings(let findings): body = findings.map(finding).joined(separator: "\n")
            case .notes(let notes): body = "<ul class=\"notes\">\(notes.map { "<li>\(escape($0))</li>" }.joined())</ul>"
            }
        }
        return """
            <section id="\(escape(section.id))" aria-labelledby="\(escape(section.id))-title">
            <h2 id="\(escape(section.id))-title">\(escape(section.title))</h2>
            <p class="question">\(escape(section.question))</p>
            \(body)
            </section>
            """
    }

    private func figures(_ table: ReportTable) -> String {
        let items = zip(table.columns, table.rows.first ?? []).map { column, value in
            "<div><dt>\(escape(column.label))</dt><dd>\(content(value, column.kind))</dd></div>"
        }
        return "<dl class=\"figures\">\(items.joined())</dl>"
    }

    private func details(_ table: ReportTable, _ section: ReportSection) -> String {
        "<details><summary>The numbers</summary>\(self.table(table, section))</details>"
    }

    private func table(_ table: ReportTable, _ section: ReportSection) -> String {
        let head = table.columns.map { column in
            "<th scope=\"col\"\(column.kind.isNumeric ? " class=\"number\"" : "")>\(escape(column.label))</th>"
        }
        var rows = ""
        for row in table.rows.prefix(table.shown) {
            rows += "<tr>"
            for (index, (value, column)) in zip(row, table.columns).enumerated() {
                rows += "<td\(style(column.kind, isFirst: index == 0))>\(content(value, column.kind))</td>"
            }
            rows += "</tr>\n"
        }
        let note = table.note(section.id).map { "<p class=\"note\">\(escape($0))</p>" } ?? ""
        return """
            <div class="scroll" role="region" aria-label="\(escape(section.title))" tabindex="0">
            <table><thead><tr>\(head.joined())</tr></thead>
            <tbody>
            \(rows)</tbody></table>
            </div>\(note)
            """
    }

    private func style(_ kind: QueryFile.Column.Kind, isFirst: Bool) -> String {
        switch kind {
        case .integer, .bytes, .duration, .share: " class=\"number\""
        case .time: " class=\"time\""
        case .flows: " class=\"proof\""
        case .digest: " class=\"mono\""
        case .text where isFirst: " class=\"key\""
        case .text, .verdict, .severity: ""
        }
    }

    private func content(_ value: ReportValue, _ kind: QueryFile.Column.Kind) -> String {
        switch value {
        case .evidence(let evidence): return proof(evidence)
        case .value(.null): return "<span class=\"absent\">\(ReportWording.absent)</span>"
        case .value(let value):
            let text = escape(ReportWording.text(value, kind))
            switch kind {
            case .share: return text + bar(value)
            case .verdict: return "<span class=\"badge \(HTMLRenderer.tone(verdict: value.plain))\">\(text)</span>"
            case .severity: return "<span class=\"badge \(HTMLRenderer.tone(severity: value.plain))\">\(text)</span>"
            case .digest: return "<span title=\"\(escape(value.plain))\">\(text)</span>"
            default: return text
            }
        }
    }

    private func proof(_ evidence: [FindingEvidence]) -> String {
        if evidence.isEmpty { return "<span class=\"absent\">\(ReportWording.absent)</span>" }
        return
            "<ul class=\"evidence\">\(evidence.map { "<li title=\"\(escape($0.source))\">\(escape(ReportWording.shortEvidence($0)))</li>" }.joined())</ul>"
    }

    /// A bar of the width of a share; the number stands beside it as text.
    private func bar(_ value: StoredValue) -> String {
        let share: Double =
            switch value {
            case .real(let number): number
            case .integer(let number): Double(number)
            default: 0
            }
        let width = Int((min(max(share, 0), 1) * 100).rounded())
        return """
            <svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="whole" width="100" \
            height="10"/><rect class="part" width="\(width)" height="10"/></svg>
            """
    }

    private static func tone(verdict: String) -> String {
        switch verdict {
        case "enforced", "blocked": "good"
        case "over-permitted": "bad"
        case "misrouted", "over-blocked": "warn"
        default: ""
        }
    }

    private static func tone(severity: String) -> String {
        switch severity {
        case "critical", "high": "bad"
        case "medium": "warn"
        default: ""
        }
    }

    private func finding(_ finding: Finding) -> String {
        var meta = [
            escape(finding.ruleID), "finding \(escape(finding.shortID))", finding.status.rawValue,
            "\(Quantities.count(finding.count)) ×", "witness: \(escape(finding.witness))",
        ]
        if let first = finding.firstSeen, let last = finding.lastSeen {
            meta.append(
                "\(ReportWording.minutes(first.milliseconds)) – \(ReportWording.minutes(last.milliseconds))")
        }
        let aside = finding.suppressedBy.map { "<p class=\"meta\">Set aside by \(escape($0))</p>" } ?? ""
        return """
            <article class="finding\(finding.suppressedBy == nil ? "" : " aside")">
            <h3><span class="badge \(HTMLRenderer.tone(severity: finding.severity.rawValue))">\(finding.severity.rawValue)</span>\
            \(escape(finding.title))</h3>
            <p>\(escape(finding.explanation))</p>
            <p class="meta">\(meta.joined(separator: " · "))</p>
            \(aside)\(proof(finding.evidence))
            </article>
            """
    }

    private func words() -> String {
        let items = ReportWording.glossary.map { "<dt>\(escape($0.term))</dt><dd>\(escape($0.meaning))</dd>" }
        return """
            <section id="words" aria-labelledby="words-title">
            <h2 id="words-title">Words</h2>
            <p class="question">What do the verdicts and their qualifiers mean?</p>
            <dl class="words">\(items.joined())</dl>
            </section>
            """
    }
}
