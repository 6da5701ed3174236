import ArgumentParser
import TerminalSupport

@main
struct TwinJournal: CommandProgram {
    static let name = "twin-journal"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Writes, reads and proves flow journals.",
        discussion: """
            A journal is a directory of gzip files of NDJSON, which `zcat` and `jq` read as they are, with signed checkpoints beside them. \
            Exit status: 0 done or intact, 2 usage, 3 input refused, 4 environment (disk, permission, lock), 5 tampered with, \
            6 cannot be proved.

            A Connector's log becomes a journal:
              docker logs -f connector 2>&1 | twin-journal append /var/lib/twin-journal/office --key office.key
            """,
        version: software,
        subcommands: [
            AppendCommand.self, CatCommand.self, TailCommand.self, StatsCommand.self, VerifyCommand.self, ProveCommand.self,
            VerifyProofCommand.self, RepairCommand.self, KeygenCommand.self,
        ])

    static func failure(of error: any Error) -> CommandFailure? { Failure.of(error) }

    /// How the program names itself in journals.
    static let software = Version.of(name)
}
