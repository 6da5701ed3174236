import Foundation
import Testing

/// Banner, numbers and findings of a report are of what it is about, and add up.
struct ReportScopeTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        let made = try Program(name: "twin-simulate").run(
            [
                "--out", "t", "--seed", "5", "--users", "60", "--resources", "30", "--flows", "3000", "--days", "1", "--start",
                "2026-10-05",
                "--policy-changes", "4", "--violations", "8",
            ], in: folder)
        #expect(made.status == 0, "\(made.errors)")
        let ingested = try Program.audit("ingest", "t/journals", "--policy", "t/policy", "--quiet", in: folder)
        #expect(ingested.status == 0, "\(ingested.errors)")
    }

    /// Rows of a statement of the system's own `sqlite3`.
    private func rows(_ sql: String) throws -> [[String]] {
        try Program.shell("sqlite3 -separator '|' audit.db \"\(sql)\"", in: folder).output.split(separator: "\n").map {
            $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private func report(_ arguments: String...) throws -> (outcome: Program.Outcome, object: [String: Any]) {
        let outcome = try Program(name: "twin-audit").run(["report", "--format", "json", "--out", "-"] + arguments, in: folder)
        return (outcome, try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any] ?? [:])
    }

    private func section(_ report: [String: Any], _ id: String, _ key: String = "rows") throws -> [[String: Any]] {
        let sections = try #require(report["sections"] as? [[String: Any]])
        return try #require(sections.first { $0["id"] as? String == id }?[key] as? [[String: Any]])
    }

    /// What makes a flow a violation, from the statement in docs/policy-model.md: mismatches that no change on its way explains, else outlived.
    private static let counts = """
        SELECT count(*), sum(verdict IN ('over-permitted','misrouted','over-blocked') AND instr(';'||coalesce(qualifiers,'')||';',';stale;')=0),
        sum(verdict NOT IN ('over-permitted','misrouted','over-blocked') AND instr(';'||coalesce(qualifiers,'')||';',';outlived;')>0)
        FROM flow WHERE 
        """.replacing("\n", with: " ")

    @Test("the sentence at the top, the figures, the table of violations and the flows themselves say one number")
    func arithmetic() throws {
        let (outcome, whole) = try report()
        #expect(outcome.status == 0)
        let expected = try #require(try rows(ReportScopeTests.counts + "1").first?.compactMap(Int.init))
        let all = expected[1] + expected[2]
        #expect(all > 80)
        let figures = try #require(try section(whole, "headline").first)
        func figure(_ name: String) -> Int { figures[name] as? Int ?? -1 }
        #expect(figure("flows") == expected[0] && figure("violations") == all && figure("outlived") == expected[2])
        #expect(figure("over_permitted") + figure("misrouted") + figure("over_blocked") + figure("outlived") == all)
        #expect(figure("stale") > 0)
        #expect(try section(whole, "violations").count == all)
        let kinds =
            "(\(figure("over_permitted")) over-permitted, \(figure("misrouted")) misrouted, \(figure("over_blocked")) over-blocked, \(figure("outlived")) outlived)"
        let verdict = try #require(whole["verdict"] as? String)
        #expect(verdict.hasPrefix("\(all) of 3,000 judged connections were not what policy says \(kinds); "), "\(verdict)")
        #expect(outcome.errors == verdict + "\n")
        // Replay, which judges anew, agrees.
        #expect(try Program.audit("replay", in: folder).errors.contains(": \(all) violations, "))
    }

    @Test("a report about one person is about nobody else: banner, figures, connections, findings, exit status")
    func person() throws {
        let sql = "SELECT principal, principal_id, count(*) c FROM flow WHERE violation IS NOT NULL GROUP BY 2 ORDER BY 3 DESC, 1 LIMIT 1"
        let worst = try #require(try rows(sql).first)
        let clean = try #require(
            try rows("SELECT principal, count(*) FROM flow GROUP BY 1 HAVING sum(violation IS NOT NULL) = 0 ORDER BY 2 DESC LIMIT 1").first)
        let expected = try #require(try rows(ReportScopeTests.counts + "principal = '\(worst[0])'").first?.compactMap(Int.init))
        var texts: Set<String> = []
        for name in [worst[0], worst[1], worst[0].uppercased()] {
            let (outcome, about) = try report("--template", "incident", "--param", "principal=\(name)")
            #expect(outcome.status == 0)
            #expect(about["flows"] as? Int == expected[0])
            let verdict = try #require(about["verdict"] as? String)
            #expect(
                verdict.hasPrefix("About what was asked: \(expected[1] + expected[2]) of \(expected[0]) judged connections"), "\(verdict)")
            let figures = try #require(try section(about, "headline").first)
            #expect(figures["flows"] as? Int == expected[0] && figures["principals"] as? Int == 1)
            #expect(try section(about, "incident-timeline").count == expected[0])
            let findings = try section(about, "findings", "findings")
            #expect(!findings.isEmpty && findings.allSatisfy { ($0["subject"] as? [String: Any])?["principal_id"] as? String == worst[1] })
            texts.insert(verdict)
        }
        #expect(texts.count == 1)
        // Nobody else's findings make it fail.
        #expect(try report("--template", "incident", "--param", "principal=\(worst[0])", "--fail-on", "high").outcome.status == 1)
        let (fine, harmless) = try report("--template", "incident", "--param", "principal=\(clean[0])", "--fail-on", "critical")
        #expect(fine.status == 0)
        #expect(harmless["conclusion"] as? String != "undecidable")
        #expect(try section(harmless, "headline").first?["violations"] as? Int == 0)
    }

    @Test("a Resource may be called by its name in the policy, and a report about it is the same")
    func resourceByName() throws {
        let sql =
            "SELECT f.resource_id, max(r.resource), count(DISTINCT r.resource), count(DISTINCT f.flow_id) FROM flow f"
            + " JOIN policy_resource r USING (resource_id) GROUP BY 1 ORDER BY 4 DESC LIMIT 1"
        let most = try #require(try rows(sql).first)
        #expect(most[2] == "1" && most[3] != "0")
        for name in [most[0], most[1]] {
            let (outcome, about) = try report("--template", "incident", "--param", "resource=\(name)")
            #expect(outcome.status == 0)
            #expect(about["flows"] as? Int == Int(most[3]), "\(name)")
            #expect(try section(about, "headline").first?["flows"] as? Int == Int(most[3]))
            #expect(try section(about, "incident-timeline").count == Int(most[3]))
        }
    }

    @Test("a report about nobody is not written, and one about nothing is refused")
    func nobody() throws {
        let typo = try Program.audit(
            "report", "--template", "incident", "--param", "principal=nobody@example.com", "--out", "n", in: folder)
        #expect(typo.status == 6)
        #expect(typo.errors.contains("`nobody@example.com`") && typo.errors.hasSuffix("; no report was written\n"), "\(typo.errors)")
        #expect(!folder.exists("n"))
        let everybody = try Program.audit("report", "--template", "incident", "--out", "n", in: folder)
        #expect(everybody.status == 2)
        #expect(everybody.errors.contains("needs to be told what it is about"))
        #expect(!folder.exists("n"))
        // Somebody whom the policy knows, and of whom there is no connection in the period.
        let known = try #require(
            try rows("SELECT principal, max(started_at)/86400000 FROM flow WHERE principal_kind='user' GROUP BY 1 LIMIT 1").first)
        let silent = try #require(
            try rows(
                "SELECT substr(strftime('%Y-%m-%dT%H:00:00Z', hour_at/1000, 'unixepoch'), 1, 20) FROM access GROUP BY hour_at"
                    + " HAVING sum(principal = '\(known[0])') = 0 LIMIT 1"
            ).first?.first)
        let end = silent.replacing(":00:00Z", with: ":59:59Z")
        let (outcome, absent) = try report("--template", "incident", "--param", "principal=\(known[0])", "--since", silent, "--until", end)
        #expect(outcome.status == 0)
        let verdict = absent["verdict"] as? String ?? ""
        #expect(verdict.hasPrefix("None of the ") && verdict.contains(" connections in the period is about what was asked; "), "\(verdict)")
    }
}
