internal import ArgumentParser
internal import FlowStore
internal import Glibc
internal import ShellSupport

/// Everything an auditor does with the flows of a zero-trust network.
@main
struct TwinAudit: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "twin-audit",
        abstract: "Who reached which Resource through which Connector, was it allowed at that moment, and can it be proved?",
        discussion: """
            Begin with:
              twin-audit policy import export.json --effective-at 2026-10-08T00:00:00Z --out policies
              twin-audit ingest --policy policies journals/ logs/*.gz
              twin-audit access --by user,resource,connector
              twin-audit replay

            Exit status: 0 done and clean, 1 the answer is bad, 2 usage, 3 input refused, 4 disk, locks or permissions,
            5 evidence tampered with, 6 cannot be decided.
            """,
        version: "twin-audit \(version)",
        subcommands: [
            IngestCommand.self, AccessCommand.self, TraceCommand.self, TimelineCommand.self, DetectCommand.self,
            ReplayCommand.self, PolicyCommand.self, VerifyCommand.self, ReportCommand.self, QueryCommand.self,
            DatabaseCommand.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Glibc.exit(Failure.report(error))
        }
    }
}
