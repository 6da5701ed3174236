internal import ArgumentParser
internal import TerminalSupport

/// Everything an auditor does with the flows of a zero-trust network.
@main
struct TwinAudit: CommandProgram {
    static let name = "twin-audit"

    static let configuration = CommandConfiguration(
        commandName: name,
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
        version: Version.of(name),
        subcommands: [
            IngestCommand.self, AccessCommand.self, TraceCommand.self, TimelineCommand.self, DetectCommand.self,
            ReplayCommand.self, PolicyCommand.self, VerifyCommand.self, ReportCommand.self, QueryCommand.self,
            DatabaseCommand.self,
        ])

    static func failure(of error: any Error) -> CommandFailure? { Failure.of(error) }
}
