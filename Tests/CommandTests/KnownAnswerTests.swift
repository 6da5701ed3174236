import Foundation
import Testing

/// Input with known answers that were computed by others.
struct KnownAnswerTests {
    @Test(
        "every flow of the sample tenant gets its known verdict",
        .enabled(if: Folder.hasSamples, "skipped: ../shared/samples is not there; the conformance suite covers the same cases"))
    func knownTenant() throws {
        let folder = try Folder()
        let acme = Folder.samples.appendingPathComponent("acme")
        let exports = try FileManager.default.contentsOfDirectory(atPath: acme.appendingPathComponent("policy").path).sorted()
        #expect(exports.count == 3)
        for name in exports {
            let imported = try Program.audit(
                "policy", "import", acme.appendingPathComponent("policy/\(name)").path, "--effective-at",
                String(name.dropLast(".json".count)), "--out", "policies", in: folder)
            #expect(imported.status == 0, "\(imported.errors)")
        }
        let ingested = try Program.audit(
            "ingest", acme.appendingPathComponent("logs").path, "--policy", "policies", in: folder)
        #expect(ingested.status == 0, "\(ingested.errors)")

        let replayed = try Program.audit("replay", "--flows", "--format", "csv", in: folder)
        #expect(replayed.status == 1)
        let truth = try String(contentsOf: acme.appendingPathComponent("truth.csv"), encoding: .utf8)
        let want = truth.split(separator: "\n").map(String.init)
        let columns = want[0].split(separator: ",").count
        let got = replayed.output.split(separator: "\n").map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).prefix(columns).joined(separator: ",")
        }
        try #require(got.count == want.count)
        #expect(got[0] == want[0])
        #expect(want.count == 248)
        #expect(Set(got.dropFirst()) == Set(want.dropFirst()))

        // What ingest stored says the same.
        let stored = try Program.shell(
            """
            sqlite3 -csv audit.db "SELECT connection_id, started_at, outcome, verdict, coalesce(reason, ''),
                coalesce(expected_resource_id, ''), coalesce(qualifiers, '') FROM flow" | tr -d '\\r"'
            """, in: folder)
        #expect(Set(stored.output.split(separator: "\n").map(String.init)) == Set(want.dropFirst()))
    }

    @Test(
        "what others published is read, and another product's lines are set aside",
        .enabled(if: Folder.hasSamples, "skipped: ../shared/samples is not there; SampleLogs covers the same forms"))
    func thirdParty() throws {
        let folder = try Folder()
        let names = [
            "datadog_established_connection.raw.json", "gatorcast_sample_log_lines.ndjson",
            "logshipper_SYNTHETIC_dns_filtering.ndjson", "logshipper_SYNTHETIC_network_access.ndjson",
        ]
        let paths = names.map { Folder.samples.appendingPathComponent("thirdparty/\($0)").path }
        let lenient = try Program(name: "twin-audit").run(["ingest"] + paths, in: folder)
        #expect(lenient.status == 0, "\(lenient.errors)")
        let counts = try Program.shell(
            """
            sqlite3 audit.db "SELECT (SELECT sum(events) FROM source), (SELECT count(*) FROM name_query),
                (SELECT count(*) FROM quarantine), (SELECT group_concat(DISTINCT reason) FROM quarantine)"
            """, in: folder)
        #expect(counts.output == "101|100|3|not-an-event\n")
        let strict = try Program(name: "twin-audit").run(["ingest", "--db", "strict.db", "--strict"] + paths, in: folder)
        #expect(strict.status == 3)
    }
}
