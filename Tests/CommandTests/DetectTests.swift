import Foundation
import Testing

/// `detect`, `query` and `report` as they are typed.
struct DetectTests {
    /// The project's own sample tenant, judged.
    static func prepared() throws -> Folder {
        let folder = try Folder()
        let samples = Folder.checkout.appendingPathComponent("SampleLogs")
        let outcome = try Program.audit(
            "ingest", "--quiet", "--policy", samples.appendingPathComponent("policy").path,
            samples.appendingPathComponent("connector-raw.log").path, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return folder
    }

    @Test("the library that is shipped is sound")
    func check() throws {
        let outcome = try Program.audit("detect", "--check", in: Folder())
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "")
    }

    @Test("without verdicts, `detect` says how to get them, and that is so")
    func hint() throws {
        let folder = try Folder()
        let samples = Folder.checkout.appendingPathComponent("SampleLogs")
        let log = samples.appendingPathComponent("connector-raw.log").path
        #expect(try Program.audit("ingest", "--quiet", log, in: folder).status == 0)
        let before = try Program.audit("detect", "--only", "policy.*", in: folder)
        #expect(before.status == 6)
        #expect(
            before.errors.contains("`twin-audit ingest --policy DIR` judges all flows by the snapshots in a directory"), "\(before.errors)")
        let policy = samples.appendingPathComponent("policy").path
        #expect(try Program.audit("ingest", "--quiet", "--policy", policy, in: folder).status == 0)
        let after = try Program.audit("detect", "--only", "policy.*", "--fail-on", "critical", in: folder)
        #expect(after.status == 1 && after.output.contains("policy.over-permitted"), "\(after)")
        #expect(try Program.audit("access", "--by", "verdict", "--format", "csv", in: folder).output.contains("\nover-permitted,1,"))
        // What the policy says of the rows is no part of what the sources say.
        let verified = try Program.audit("verify", "--format", "tsv", in: folder)
        #expect(verified.output.contains("intact\trows\t"), "\(verified)")
    }

    @Test("rules are listed with their id first, and explained")
    func list() throws {
        let folder = try Folder()
        let list = try Program.audit("detect", "--list", "--format", "csv", in: folder)
        let lines = list.output.split(separator: "\n")
        #expect(list.status == 0)
        #expect(lines.first == "rule_id,severity,title,needs,witness,status")
        #expect(lines.dropFirst().allSatisfy { $0.prefix { $0 != "," }.contains(".") })
        let explained = try Program.audit("detect", "--explain", "tunnel.no-resource", in: folder)
        #expect(explained.status == 0)
        #expect(explained.output.hasPrefix("tunnel.no-resource (critical): Split-tunnel leak"))
        #expect(explained.output.contains("\nPrecisely: "))
        #expect(explained.output.contains("\nSELECT "))
        let unknown = try Program.audit("detect", "--explain", "no.rule", in: folder)
        #expect(unknown.status == 2)
        #expect(unknown.errors == "error: no rule `no.rule`; `twin-audit detect --list` shows the rules\n")
    }

    @Test("findings are stored, and are ongoing in the next run; each names its records")
    func findings() throws {
        let folder = try DetectTests.prepared()
        let first = try Program.audit("detect", "--format", "ndjson", in: folder)
        let second = try Program.audit("detect", "--format", "ndjson", in: folder)
        #expect(first.status == 0 && second.status == 0, "\(first.errors)")
        let findings = try first.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(!findings.isEmpty)
        for finding in findings {
            #expect(finding["status"] as? String == "new")
            let evidence = try #require(finding["evidence"] as? [[String: Any]])
            #expect(evidence.allSatisfy { ($0["source"] as? String)?.hasSuffix("connector-raw.log") == true && $0["line"] is Int })
            #expect(!evidence.isEmpty || finding["rule_id"] as? String == "access.unused-grant")
        }
        #expect(second.output == first.output.replacingOccurrences(of: "\"status\":\"new\"", with: "\"status\":\"ongoing\""))
        let failing = try Program.audit("detect", "--fail-on", "critical", in: folder)
        let hasCritical = findings.contains { $0["severity"] as? String == "critical" }
        #expect(failing.status == (hasCritical ? 1 : 0))
        #expect(hasCritical, "the sample tenant shows no critical finding")
        let stored = try Program.audit("query", "run", "findings", "--format", "csv", in: folder)
        #expect(stored.output.split(separator: "\n").count == findings.count + 1)
    }

    @Test("having looked at nothing is not 0")
    func nothing() throws {
        let folder = try Folder()
        try folder.write("good.log", try folder.sampleLog("connector-raw.log"))
        #expect(try Program.audit("ingest", "--quiet", "good.log", in: folder).status == 0)
        let unjudged = try Program.audit("detect", in: folder)
        #expect(unjudged.status == 6)
        #expect(unjudged.errors.contains("not examined, because no flow has a verdict"))
        let elsewhere = try Program.audit("detect", "--since", "2030-01-01", in: folder)
        #expect(elsewhere.status == 6)
        #expect(elsewhere.errors.contains("not examined, because there are no flows in the period"))
        let report = try Program.audit("report", "--period", "2030", in: folder)
        #expect(report.status == 6)
        #expect(report.output == "report/report.html\n")
        #expect(report.errors == "There are no connections in the period: nothing was examined.\n")
        #expect(folder.exists("report/report.html"))
    }

    @Test("questions of the library, and in SQL")
    func queries() throws {
        let folder = try DetectTests.prepared()
        let count = try Program.audit("query", "sql", "SELECT count(*) AS flows FROM flow", "--format", "csv", in: folder)
        #expect(count.status == 0)
        #expect(count.output.hasPrefix("flows\n"))
        let before = try folder.read("audit.db")
        for statement in ["DELETE FROM flow_fact", "ATTACH 'x' AS x", "PRAGMA user_version = 7", "CREATE TABLE x (a)"] {
            let refused = try Program.audit("query", "sql", statement, in: folder)
            #expect(refused.status == 3, "\(statement)")
            #expect(refused.errors.hasPrefix("error: "))
        }
        #expect(try folder.read("audit.db") == before)
        let list = try Program.audit("query", "list", "--format", "csv", in: folder)
        let names = list.output.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != "," }) }
        #expect(names.count >= 12)
        for name in names {
            let shown = try Program.audit("query", "show", name, in: folder)
            #expect(shown.status == 0 && shown.output.contains("SELECT"), "\(name)")
        }
        let nowhere = try Program.audit("query", "run", "who-reached", "--param", "resource=nowhere", in: folder)
        #expect(nowhere.status == 6)
        #expect(nowhere.errors == "error: no resource `nowhere` is known here\n")
        let empty = try Program.audit("query", "run", "journal-gaps", in: folder)
        #expect(empty.status == 0)
        #expect(empty.errors.hasPrefix("nothing to show for `journal-gaps`, all time; the database holds "))
        let wrong = try Program.audit("query", "run", "who-reached", in: folder)
        #expect(wrong.status == 2)
        let unknown = try Program.audit("query", "run", "nothing", in: folder)
        #expect(unknown.status == 2)
    }

    @Test("a report in every form, without changing the database")
    func report() throws {
        let folder = try DetectTests.prepared()
        let before = try folder.read("audit.db")
        let outcome = try Program.audit("report", "--format", "html,json,csv,md", "--out", "out/all", in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let files = outcome.output.split(separator: "\n").map(String.init)
        #expect(Set(["out/all/report.html", "out/all/report.json", "out/all/report.md", "out/all/reached.csv"]).subtracting(files) == [])
        #expect(files.allSatisfy(folder.exists))
        #expect(try folder.read("audit.db") == before)
        let printed = try Program.audit("report", "--format", "md", "--out", "-", in: folder)
        #expect(printed.output.hasPrefix("# Compliance report: all\n"))
        #expect(try Program.audit("report", "--format", "csv", "--out", "-", in: folder).status == 2)
        #expect(try Program.audit("report", "--period", "someday", in: folder).status == 2)
        #expect(try Program.audit("report", "--template", "novel", in: folder).status == 2)
        #expect(try Program.audit("report", "--fail-on", "high", in: folder).status == 1)
    }

    @Test("a library that is not there is named")
    func library() throws {
        let outcome = try Program.audit("detect", "--queries", "nowhere", in: Folder())
        #expect(outcome.status == 4)
        #expect(outcome.errors == "error: cannot list `nowhere`: No such file or directory\n")
    }
}
