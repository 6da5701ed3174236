import Foundation
import Testing

/// `policy unused`, `policy suggest` and `replay --against`, `--coverage` and `--by connector` on a tenant made from a seed.
struct PolicyUseTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
    }

    @Test("what is suggested takes nothing away from anybody who was recorded", arguments: [11, 12])
    func suggestIsHarmless(seed: Int) throws {
        let made = try Program(name: "twin-simulate").run(
            [
                "--out", "t", "--seed", String(seed), "--users", "30", "--resources", "24", "--networks", "2", "--connectors-per-network",
                "2",
                "--flows", "1500", "--days", "1", "--start", "2026-09-14", "--policy-changes", "2",
            ], in: folder)
        #expect(made.status == 0, "\(made.errors)")
        let ingested = try Program.audit("ingest", "t/journals", "--policy", "t/policy", "--quiet", in: folder)
        #expect(ingested.status == 0, "\(ingested.errors)")
        let suggested = try Program.audit("policy", "suggest", "--out", "proposal.yaml", in: folder)
        #expect(suggested.status == 0, "\(suggested.errors)")
        #expect(suggested.lastError.hasSuffix("0 ACCESS_REVOKED, 0 ACCESS_GAINED"), "\(suggested.errors)")
        #expect(try Program.audit("policy", "check", "proposal.yaml", in: folder).status == 0)

        let against = try Program.audit("replay", "--against", "proposal.yaml", "--format", "csv", in: folder)
        #expect(against.status == 0, "\(against.errors)")
        let changes = against.output.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } }
        #expect(Set(changes) == ["NO_CHANGE"] && changes.count > 50)
        // One row for each principal, Resource and reason, however many Resources took the place of one.
        let keys = against.output.split(separator: "\n").dropFirst().map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).suffix(7).prefix(5).joined(separator: ",")
        }
        .filter { !$0.hasSuffix(",") }
        #expect(Set(keys).count == keys.count, "\(keys.filter { key in keys.count { $0 == key } > 1 }.prefix(3))")
        #expect(against.errors.hasPrefix("ACCESS_REVOKED 0 (0 flows), "))

        // Nothing is left to close, so the suggestion of the suggestion is the same.
        try folder.write("again/proposal.yaml", try folder.read("proposal.yaml"))
        let unused = try Program.audit("policy", "unused", "--policy", "again", "--kind", "ports", "--format", "csv", in: folder)
        #expect(unused.output.split(separator: "\n").count <= 4, "\(unused.output)")

        // Going back to the first policy does change something, and the summary and the rows agree.
        let first = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder.url.appendingPathComponent("t/policy").path).min())
        let back = try Program.audit("replay", "--against", "t/policy/\(first)", "--format", "ndjson", in: folder)
        #expect(back.status == 1)
        let revoked = back.output.split(separator: "\n").filter { $0.contains("\"change\":\"ACCESS_REVOKED\"") }
        #expect(!revoked.isEmpty && back.errors.hasPrefix("ACCESS_REVOKED \(revoked.count) ("))
        #expect(revoked.allSatisfy { $0.contains("\"flow_ids\":[") && $0.contains("\"samples\":[\"") })
    }

    @Test("coverage and Connectors add up to the flows")
    func sums() throws {
        let made = try Program(name: "twin-simulate").run(
            ["--out", "t", "--seed", "3", "--users", "12", "--resources", "12", "--flows", "400", "--days", "1", "--start", "2026-09-14"],
            in: folder)
        #expect(made.status == 0, "\(made.errors)")
        #expect(try Program.audit("ingest", "t/journals", "--policy", "t/policy", "--quiet", in: folder).status == 0)
        let connectors = try Program.audit("replay", "--by", "connector", "--format", "csv", in: folder)
        let rows = connectors.output.split(separator: "\n")
        #expect(
            rows[0]
                == "connector,flows,violations,outside_network,unknown,stale,stale_late,largest_lag_ms,backwards,first_backwards_at,last_policy,connector_id"
        )
        #expect(rows.dropFirst().compactMap { Int($0.split(separator: ",")[1]) }.reduce(0, +) == 400)
        let days = try Program.audit("replay", "--by", "day", "--format", "csv", in: folder)
        #expect(days.output.split(separator: "\n").dropFirst().compactMap { Int($0.split(separator: ",")[2]) }.reduce(0, +) == 400)
        let coverage = try Program.audit("replay", "--coverage", "--format", "csv", in: folder)
        #expect(coverage.status == 0)
        #expect(coverage.output.hasPrefix("resource_id,resource,address,grant,exercised,flows,principals,first_seen,last_seen,in_force\n"))
        #expect(coverage.lastError.contains(" Resources and "))
    }

    @Test("journals are judged without a database, as they are with one, and nothing of it stays")
    func journals() throws {
        let made = try Program(name: "twin-simulate").run(
            ["--out", "t", "--seed", "5", "--users", "12", "--resources", "12", "--flows", "300", "--days", "1", "--start", "2026-09-14"],
            in: folder)
        #expect(made.status == 0, "\(made.errors)")
        let program = Program.directory.appendingPathComponent("twin-audit").path
        let judged = try Program.shell(
            "mkdir tmp; TMPDIR=$PWD/tmp \(program) replay t/journals --policy t/policy --format csv; echo $?; ls -A tmp; ls audit.db",
            in: folder)
        #expect(try Program.audit("ingest", "t/journals", "--quiet", in: folder).status == 0)
        let replayed = try Program.audit("replay", "--policy", "t/policy", "--format", "csv", in: folder)
        #expect(replayed.status == 1 && judged.output == replayed.output + "1\n")

        // Ended by a signal while it waits for input. Whoever runs the tests may have blocked signals, which is inherited.
        let ended = try Program.shell(
            """
            start='import os, signal, sys
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            signal.alarm(60)
            os.execv(sys.argv[1], sys.argv[1:])'
            mkfifo pipe
            TMPDIR=$PWD/tmp python3 -c "$start" \(program) replay - --policy t/policy < pipe & exec 3> pipe
            for i in $(seq 100); do [ -n "$(ls -A tmp)" ] && break; sleep 0.1; done
            ls -A tmp | wc -l; kill -TERM $!; wait $!; echo $?; ls -A tmp
            """, in: folder)
        #expect(ended.output == "1\n143\n")

        // What cannot be read in full is not judged in part.
        try folder.write("note.txt", "nothing")
        let partly = try Program.audit("replay", "t/journals", "missing", "--policy", "t/policy", in: folder)
        #expect(partly.status == 3 && partly.output.isEmpty, "\(partly.errors)")
        for arguments in [["replay", "t/journals"], ["replay", "t/journals", "--policy", "t/policy", "--db", "audit.db"]] {
            #expect(try Program(name: "twin-audit").run(arguments, in: folder).status == 2, "\(arguments)")
        }
    }

    @Test("nothing to examine is never an answer, and options that exclude each other are refused")
    func nothing() throws {
        try folder.write("empty.ndjson", "")
        let policy = Folder.checkout.appendingPathComponent("Tests/ConformanceTests/policy/harbour").path
        _ = try Program.audit("ingest", "empty.ndjson", "--policy", policy, in: folder)
        for arguments in [
            ["replay"], ["replay", "--coverage"], ["replay", "--against", policy], ["replay", "--by", "day"], ["policy", "unused"],
            ["policy", "suggest"],
        ] {
            let outcome = try Program(name: "twin-audit").run(arguments, in: folder)
            #expect(outcome.status == 6, "\(arguments) \(outcome.errors)")
            #expect(outcome.output.isEmpty || outcome.output.hasPrefix("["), "\(arguments)")
        }
        for arguments in [
            ["replay", "--coverage", "--flows"], ["replay", "--by", "hour"], ["replay", "--since", "2026-02-01", "--until", "2026-01-01"],
            ["policy", "suggest", "--most-ports", "70000"], ["policy", "unused", "--kind", "colour"],
            ["replay", "--against", policy, "--baseline", "never"],
        ] {
            #expect(try Program(name: "twin-audit").run(arguments, in: folder).status == 2, "\(arguments)")
        }
        #expect(try Program.audit("replay", "--against", "none.yaml", in: folder).status == 3)
    }
}
