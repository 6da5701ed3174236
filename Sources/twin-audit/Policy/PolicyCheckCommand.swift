internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import PolicyDocuments
internal import TerminalSupport

struct PolicyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Is every document valid, and what in it would an auditor ask about?",
        discussion: """
            Every problem of every document is reported at once, with file and line; any of them ends with 3. What is valid and still odd
            is listed as warnings: overlapping Resources, catch-alls, grants that can never match, expired edges, networks with one
            Connector, and more. Warnings end with 0, or with 1 under --fail-on-warnings.

            Examples:
              twin-audit policy check policies/
              twin-audit policy check proposal.yaml --fail-on-warnings --format csv
            """)

    @OptionGroup var output: OutputOptions

    @Argument(help: ArgumentHelp("Documents, and directories of documents.", valueName: "path"))
    var paths: [String]
    @Flag(help: "End with 1 when there is any warning.")
    var failOnWarnings = false
    @Option(help: ArgumentHelp("The moment at which expiries are taken. [default: each document's own time]", valueName: "time"))
    var at: String?

    func run() throws {
        let time = try TimeOption.parse(at, option: "--at")
        let files = try PolicyPath.documents(paths)
        let writer = RowWriter(format: output.format, columns: ["file", "line", "code", "kind", "id", "message"], output: OutputStream())
        var problems: [PolicyProblem] = []
        var warnings = 0
        for file in files {
            do throws(PolicyDocumentErrors) {
                let document = try PolicyDocument(path: file)
                let found = document.snapshot.review(at: time)
                warnings += found.count
                try PolicyCheckCommand.write(found, of: document, to: writer)
            } catch {
                problems += error.problems
            }
        }
        try writer.finish()
        if !problems.isEmpty { throw PolicyDocumentErrors(problems) }
        Message.write(
            "\(files.count) valid \(files.count == 1 ? "document" : "documents"), \(warnings) \(warnings == 1 ? "warning" : "warnings")")
        if failOnWarnings, warnings > 0 { throw ExitStatusError(.badAnswer) }
    }

    private static func write(_ warnings: [PolicyWarning], of document: PolicyDocument, to writer: RowWriter) throws(PolicyDocumentErrors) {
        do {
            for warning in warnings {
                try writer.write([
                    .text(document.file), .integer(document.line(of: warning.object).map(Int64.init)), .text(warning.code.rawValue),
                    .text(warning.object.kind.rawValue), .text(warning.object.id), .text(warning.message),
                ])
            }
        } catch {
            throw PolicyDocumentErrors(file: document.file, "warnings cannot be written: \(error)")
        }
    }
}
