import Foundation
import Testing

/// The library of statements is within the program; a directory may be laid over it.
struct BuiltInLibraryTests {
    @Test("a program that was copied alone into an empty directory ingests, detects and reports")
    func alone() throws {
        let folder = try Folder()
        try FileManager.default.copyItem(
            atPath: Program.directory.appendingPathComponent("twin-audit").path, toPath: folder.path("twin-audit"))
        try FileManager.default.copyItem(
            at: Folder.checkout.appendingPathComponent("SampleLogs/connector-raw.log"), to: folder.url.appendingPathComponent("a.log"))
        try FileManager.default.copyItem(
            at: Folder.checkout.appendingPathComponent("SampleLogs/policy"), to: folder.url.appendingPathComponent("policy"))
        let script = """
            unset TWIN_AUDIT_QUERIES TWIN_AUDIT_DB
            ./twin-audit ingest --quiet --policy policy a.log; echo "ingest $?"
            ./twin-audit detect --check; echo "check $?"
            ./twin-audit detect --only 'access.*,dns.*'; echo "detect $?"
            ./twin-audit report --out r --format md; echo "report $?"
            ./twin-audit query run who-reached --param resource='*' --format csv | wc -l
            """
        let outcome = try Program.shell(script, in: folder)
        #expect(outcome.output == "ingest 0\ncheck 0\ndetect 0\nr/report.md\nreport 0\n4\n")
        #expect(try String(decoding: folder.read("r/report.md"), as: UTF8.self).hasPrefix("# Compliance report"))
    }

    @Test("a statement comes from the command line, a file or standard input, and the views it asks are told")
    func statements() throws {
        let folder = try DetectTests.prepared()
        try folder.write("q.sql", "SELECT count(*) AS n\nFROM flow\n")
        for outcome in [
            try Program.audit("query", "sql", "SELECT count(*) AS n FROM flow", "--format", "csv", in: folder),
            try Program.audit("query", "sql", "--file", "q.sql", "--format", "csv", in: folder),
            try Program.audit("query", "sql", "-", "--format", "csv", in: folder, input: Data("SELECT count(*) AS n FROM flow".utf8)),
        ] {
            #expect(outcome.status == 0 && outcome.output == "n\n4\n", "\(outcome)")
        }
        #expect(try Program.audit("query", "sql", in: folder).status == 2)
        #expect(try Program.audit("query", "sql", "SELECT 1", "--file", "q.sql", in: folder).status == 2)
        #expect(try Program.audit("query", "sql", "--file", "nowhere.sql", in: folder).status == 4)
        let views = try Program.audit("query", "views", "--format", "tsv", in: folder)
        #expect(views.status == 0 && views.output.contains("\nflow\t"), "\(views)")
        let columns = try Program.audit("query", "views", "access", "--format", "tsv", in: folder)
        #expect(columns.output.contains("\nhour_at\tbeginning of the hour\n"))
        let typo = try Program.audit("query", "views", "acess", in: folder)
        #expect(typo.status == 2)
        #expect(typo.errors == "error: no view `acess`; the nearest is `access`; `twin-audit query views` shows all\n")
    }

    @Test("the library is written out, once, and never over what somebody changed")
    func export() throws {
        let folder = try Folder()
        let first = try Program.audit("query", "export", "q/of/mine", in: folder)
        #expect(first.status == 0, "\(first.errors)")
        let same = try Program.shell(
            "diff -r q/of/mine '\(Folder.checkout.appendingPathComponent("Queries").path)' && echo same", in: folder)
        #expect(same.output == "same\n")
        #expect(try Program.audit("query", "export", "q/of/mine", in: folder).status == 0)

        let changed = "q/of/mine/forensics/denied.sql"
        let text = try String(decoding: folder.read(changed), as: UTF8.self).replacingOccurrences(of: "title: ", with: "title: My ")
        try folder.write(changed, Data(text.utf8))
        try FileManager.default.removeItem(atPath: folder.path("q/of/mine/forensics/paths.sql"))
        let refused = try Program.audit("query", "export", "q/of/mine", in: folder)
        #expect(refused.status == 3)
        #expect(
            refused.errors
                == "error: `q/of/mine/forensics/denied.sql` is there and says something else; move it away, or name another directory\n")
        #expect(try String(decoding: folder.read(changed), as: UTF8.self) == text)
        #expect(!folder.exists("q/of/mine/forensics/paths.sql"))
        #expect(try Program.audit("query", "show", "denied", "--queries", "q/of/mine", in: folder).output.hasPrefix("My "))
        #expect(try Program.audit("query", "show", "paths", "--queries", "q/of/mine", in: folder).status == 0)
        #expect(!(try Program.audit("query", "show", "denied", in: folder).output.hasPrefix("My ")))
    }
}
