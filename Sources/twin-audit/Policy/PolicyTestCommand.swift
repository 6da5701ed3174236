internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import PolicyDocuments
internal import TerminalSupport

struct PolicyTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the tests that policy documents carry with them.",
        discussion: """
            A document's `tests` say who must reach what and who must not. A test about which the document does not say
            enough is `undecidable` and has not passed. Ends with 0 when every test passed, 1 when one failed, 3 when a document is
            refused, 6 when none failed and one could not be decided, or when there was no test to run.

            Example:
              twin-audit policy test proposal.yaml && twin-audit policy diff policies/2026-10-08T06:00:00Z.yaml proposal.yaml
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var engine: EngineArguments

    @Argument(help: ArgumentHelp("Documents, and directories of documents.", valueName: "path"))
    var paths: [String]
    @Flag(help: "List only the tests that did not pass.")
    var failed = false

    func run() throws {
        let options = try engine.options()
        let documents = try PolicyPath.documents(paths).map { try PolicyDocument(path: $0) }
        let columns = ["file", "line", "test", "result", "effect", "reason", "resource", "difference"]
        let writer = RowWriter(format: output.format, columns: columns, output: OutputStream())
        var run = 0
        var failures = 0
        var undecidable = 0
        for document in documents {
            let policy = CompiledPolicy(document.snapshot)
            for test in document.tests {
                let result = test.run(policy, options: options)
                run += 1
                switch result.outcome {
                case .passed where failed: continue
                case .passed: break
                case .failed: failures += 1
                case .undecidable: undecidable += 1
                }
                try writer.write([
                    .text(document.file), .integer(test.line), .text(test.name), .text(result.outcome.rawValue),
                    .text(result.verdict.effect.rawValue), .text(result.verdict.reason.rawValue), .text(result.verdict.resourceID),
                    .text(result.differences.isEmpty ? nil : result.differences.joined(separator: "; ")),
                ])
            }
        }
        try writer.finish()
        guard run > 0 else { throw CommandFailure(.undecidable, "no document holds a test; add a list `tests` to one") }
        let open = undecidable > 0 ? ", \(undecidable) could not be decided" : ""
        Message.write("\(run) \(run == 1 ? "test" : "tests"), \(failures) failed\(open)")
        if failures > 0 { throw ExitStatusError(.badAnswer) }
        if undecidable > 0 { throw ExitStatusError(.undecidable) }
    }
}
