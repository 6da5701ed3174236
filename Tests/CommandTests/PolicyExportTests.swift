import Foundation
import Testing

/// packaging/export against a local stand-in for the administration interface.
@Suite(
    .enabled(
        if: ["python3", "curl", "jq"].allSatisfy { name in
            ["/usr/bin/", "/usr/local/bin/", "/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + name) }
        }, "python3, curl and jq are needed to run the export script"))
struct PolicyExportTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
    }

    /// Starts the stand-in, runs the script against it, ends it again.
    private func export(
        _ fault: String? = nil, to directory: String = "export", pageSize: Int = 2, key: String = "stand-in-key", retries: Int = 4
    ) throws -> Program.Outcome {
        let server = Folder.checkout.appendingPathComponent("Tests/Export/stand-in.py").path
        let script = Folder.checkout.appendingPathComponent("packaging/export/export-policy.sh").path
        return try Program.shell(
            """
            coproc python3 '\(server)' \(fault.map { "--fault \($0)" } ?? "")
            server=$COPROC_PID
            # The test's process may have every other signal blocked.
            trap 'kill -KILL $server 2>/dev/null' EXIT
            read -r -t 20 port <&"${COPROC[0]}" || exit 99
            export TWIN_PAGE_SIZE=\(pageSize) TWIN_RETRIES=\(retries) TWIN_RETRY_SECONDS=0 TWIN_API_KEY='\(key)'
            bash '\(script)' "http://127.0.0.1:$port/api/graphql/" '\(directory)' 2>&1
            """, in: folder)
    }

    private func digest(_ directory: String) throws -> String {
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder.path(directory)).sorted().reversed()
        let outcome = try Program(name: "twin-audit").run(
            ["policy", "import", "--effective-at", "2026-01-01", "--out", "policies-\(directory)"] + pages.map { "\(directory)/\($0)" },
            in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            outcome.errors.hasPrefix("note: security policies are known by name only; what they require is not in the answers\nwrote "),
            "\(outcome.errors)")
        return outcome.lastError.components(separatedBy: "digest ").last ?? ""
    }

    @Test("pages of every size are the same policy, also through refusals that pass")
    func pages() throws {
        let whole = try export(to: "whole", pageSize: 100)
        #expect(whole.status == 0, "\(whole.output)")
        #expect(whole.output.hasPrefix("8 requests, 8 pages in whole, read from "))
        let expected = try digest("whole")
        #expect(expected.count == 64)
        for (directory, fault) in [("pairs", nil), ("limited", "rate-limit"), ("failing", "server-errors"), ("dropping", "dropped")] {
            let outcome = try export(fault, to: directory)
            #expect(outcome.status == 0, "\(directory): \(outcome.output)")
            #expect(outcome.output.contains("32 pages in \(directory)"))
            #expect(outcome.output.contains("waiting 0 s") == (fault != nil))
            #expect(try digest(directory) == expected, "\(directory)")
        }
    }

    @Test("an export that cannot be finished leaves nothing behind and says why")
    func failures() throws {
        let cases: [(fault: String, status: Int32, message: String)] = [
            ("down", 4, "error: RemoteNetworks: given up after 3 attempts, last status 503"),
            ("error", 3, "error: Users: Something went wrong"), ("not-json", 3, "error: RemoteNetworks: the answer is not a JSON object"),
            ("endless", 3, "error: RemoteNetworks: the list says it goes on and does not"),
        ]
        for (fault, status, message) in cases {
            let outcome = try export(fault, retries: 2)
            #expect(outcome.status == status, "\(fault): \(outcome.output)")
            #expect(outcome.output.contains(message), "\(fault): \(outcome.output)")
        }
        let stranger = try export(key: "another")
        #expect(stranger.status == 3 && stranger.output.contains("the interface does not accept the key (401)"))
        #expect(!stranger.output.contains("another"))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { !$0.hasPrefix(".") }
        #expect(left == [])
    }

    @Test("usage")
    func usage() throws {
        let script = Folder.checkout.appendingPathComponent("packaging/export/export-policy.sh").path
        func run(_ command: String) throws -> Int32 { try Program.shell("\(command)", in: folder).status }
        #expect(try run("bash '\(script)'") == 2)
        #expect(try run("bash '\(script)' --help") == 0)
        #expect(try run("env -u TWIN_API_KEY bash '\(script)' https://127.0.0.1:1/ out") == 2)
        #expect(try run("TWIN_API_KEY=x bash '\(script)' http://example.invalid/ out") == 2)
        #expect(try run("TWIN_API_KEY=x TWIN_PAGE_SIZE=1000 bash '\(script)' https://127.0.0.1:1/ out") == 2)
        #expect(try run("TWIN_API_KEY=x bash '\(script)' https://127.0.0.1:1/ .") == 2)
    }
}
