import FlowModel
import FlowStore
import Foundation
import Testing

@testable import Detection
@testable import QueryCatalogue
@testable import QueryLibrary
@testable import Reporting

/// What renderers make of a small report with hostile text in it, as a whole.
struct RenderingTests {
    static let hostile = "<script>alert(\"1\")</script> =SUM(A1) | *x* \u{1b}[31m\u{202e}&"

    static var report: Report {
        let evidence = FindingEvidence(
            flowID: 7, connectionID: "c-1", source: "/j/a/000000000001.ndjson.gz", journal: "/j/a", segment: "000000000001.ndjson.gz",
            frame: 3, sequence: 120, line: 12, offset: 4_096)
        let other = FindingEvidence(flowID: 8, source: hostile, line: 3, offset: 99)
        let finding = Finding(
            id: String(repeating: "ab", count: 32), ruleID: "tunnel.no-resource", severity: .critical, status: .new, title: "A leak",
            explanation: "\(hostile) leaked", witness: "connector", principal: hostile, resource: "=1+1", connector: nil,
            subject: [.init(name: "principal", value: .text(hostile))], firstSeen: Timestamp(milliseconds: 0),
            lastSeen: Timestamp(milliseconds: 86_400_000), count: 1_234, parameters: [.init(name: "window", value: .integer(5))],
            evidence: [evidence, other], suppressedBy: nil)
        let columns: [QueryFile.Column] = [
            .init(name: "who", label: "Who", kind: .text), .init(name: "at", label: "When", kind: .time),
            .init(name: "share", label: "Share", kind: .share), .init(name: "bytes", label: "Bytes", kind: .bytes),
            .init(name: "verdict", label: "Verdict", kind: .verdict), .init(name: "flow_ids", label: "Evidence", kind: .flows),
        ]
        let rows: [[ReportValue]] = [
            [
                .value(.text(hostile)), .value(.integer(1_500)), .value(.real(0.125)), .value(.integer(-1_500)),
                .value(.text("over-permitted")), .evidence([evidence]),
            ],
            [.value(.null), .value(.null), .value(.integer(1)), .value(.null), .value(.null), .evidence([])],
            [
                .value(.text("@cmd")), .value(.integer(2_000)), .value(.real(0)), .value(.integer(0)), .value(.text("enforced")),
                .evidence([other]),
            ],
        ]
        let table = ReportTable(columns: columns, rows: rows, shown: 2, isCut: false)
        return Report(
            template: "test", title: "Test report", intro: hostile, period: Period(since: Timestamp(milliseconds: 0)),
            periodName: hostile, generatedAt: Timestamp(milliseconds: 0), software: "test", conclusion: .violations, verdict: hostile,
            parameters: [(name: "principal", value: hostile)],
            sections: [
                ReportSection(id: "rows", title: hostile, question: "What?", empty: "Nothing.", content: .table(table)),
                ReportSection(id: "none", title: "None", question: "What?", empty: hostile, content: .notes([])),
                ReportSection(id: "findings", title: "Findings", question: "What?", empty: "Nothing.", content: .findings([finding])),
                ReportSection(id: "notes", title: "Notes", question: "What?", empty: "Nothing.", content: .notes([hostile])),
            ], findings: [finding], flows: 3)
    }

    static func file(_ format: ReportFormat, _ name: String) throws -> String {
        try #require(report.files(format).first { $0.name == name }).text
    }

    @Test("CSV: all rows, numbers as numbers, no formulas")
    func csv() throws {
        let rows = try RenderingTests.file(.csv, "rows.csv")
        let quoted = RenderingTests.hostile.replacingOccurrences(of: "\"", with: "\"\"")
        #expect(
            rows == """
                who,at,share,bytes,verdict,flow_ids
                "\(quoted)",1970-01-01T00:00:01.500Z,0.125,-1500,over-permitted,"a/000000000001.ndjson.gz frame 3 record 120 line 12, flow 7"
                ,,1,,,
                '@cmd,1970-01-01T00:00:02Z,0.0,0,enforced,"\(quoted) line 3, flow 8"

                """)
        #expect(try RenderingTests.file(.csv, "findings.csv").contains(",'=1+1,"))
        #expect(try RenderingTests.file(.csv, "none.csv") == "note\n")
    }

    @Test("JSON: well-formed, all rows, evidence as objects")
    func json() throws {
        let text = try RenderingTests.file(.json, "report.json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["format"] as? String == "twin-audit-report/1")
        #expect(object["verdict"] as? String == RenderingTests.hostile)
        #expect((object["period"] as? [String: Any])?["since"] as? String == "1970-01-01T00:00:00Z")
        #expect((object["period"] as? [String: Any])?["until"] is NSNull)
        let sections = try #require(object["sections"] as? [[String: Any]])
        let rows = try #require(sections[0]["rows"] as? [[String: Any]])
        #expect(rows.count == 3)
        #expect(rows[0]["who"] as? String == RenderingTests.hostile)
        #expect(rows[0]["bytes"] as? Int == -1_500)
        #expect(rows[1]["who"] is NSNull)
        let evidence = try #require((rows[0]["evidence"] as? [[String: Any]])?.first)
        #expect(evidence["segment"] as? String == "000000000001.ndjson.gz")
        #expect(evidence["frame"] as? Int == 3)
        #expect(evidence["sequence"] as? Int == 120)
        let finding = try #require((sections[2]["findings"] as? [[String: Any]])?.first)
        #expect((finding["subject"] as? [String: Any])?["principal"] as? String == RenderingTests.hostile)
        #expect(finding["count"] as? Int == 1_234)
        // Safe to look at on a terminal and to stand in a page.
        #expect(!text.contains("<script>") && !text.contains("\u{1b}") && !text.contains("\u{202e}"))
    }

    @Test("Markdown: nothing from outside is markup, and what is left out is said")
    func markdown() throws {
        let text = try RenderingTests.file(.markdown, "report.md")
        let escaped = #"&lt;script&gt;alert\("1"\)&lt;/script&gt; =SUM\(A1\) \| \*x\* \\e\[31m\\u\{202e\}&amp;"#
        #expect(text.contains("| \(escaped) | 1970-01-01 00:00:01 | 13 % | −1.5 kB | over-permitted |"))
        #expect(text.contains("2 of 3 rows; rows.csv and report.json have all of them."))
        #expect(text.contains("### critical: A leak\n\n\(escaped) leaked\n\n"))
        #expect(text.contains("| – | – | 100 % | – | – | – |\n"))
        #expect(!text.contains("<script>") && !text.contains("\u{1b}") && !text.contains("\u{202e}"))
        #expect(!text.contains("@cmd"))
    }

    @Test("HTML: well-formed, nothing runs, nothing is loaded, and nothing from outside is markup")
    func html() throws {
        let text = try RenderingTests.file(.html, "report.html")
        #expect(!text.contains("<script") && !text.contains("\u{1b}") && !text.contains("\u{202e}"))
        #expect(text.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; =SUM(A1) | *x* \\u{1b}[31m\\u{202e}&amp;"))
        for word in ["http:", "https:", "src=", "url(", "@import", "javascript:", "onclick"] { #expect(!text.contains(word), "\(word)") }
        #expect(text.contains("a/000000000001.ndjson.gz frame 3 record 120 line 12, flow 7"))
        #expect(text.contains("<td class=\"number\">13 %<svg"))
        #expect(RenderingTests.unbalanced(text) == nil)
        let ids = text.split(separator: "id=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
        #expect(Set(ids).count == ids.count)
        for link in text.split(separator: "href=\"#").dropFirst().map({ String($0.prefix { $0 != "\"" }) }) {
            #expect(ids.contains(link), "\(link)")
        }
    }

    /// The first tag that closes nothing, or the elements that stay open; nil when all is well.
    static func unbalanced(_ html: String) -> String? {
        let void: Set = ["meta", "rect", "line", "br", "!doctype"]
        var open: [String] = []
        for part in html.split(separator: "<").dropFirst(html.hasPrefix("<") ? 0 : 1) {
            let isClosing = part.hasPrefix("/")
            let name = part.drop { $0 == "/" }.prefix { !" >/\n".contains($0) }.lowercased()
            if void.contains(name) { continue }
            if isClosing {
                guard open.last == name else { return "</\(name)> in \(open)" }
                open.removeLast()
            } else {
                open.append(name)
            }
        }
        return open.isEmpty ? nil : open.joined(separator: " ")
    }
}
