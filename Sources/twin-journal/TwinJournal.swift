import ArgumentParser
import Glibc
import ShellSupport

@main
struct TwinJournal: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "twin-journal",
        abstract: "Writes, reads and proves flow journals.",
        discussion: """
            A journal is a directory of gzip files of NDJSON, which `zcat` and `jq` read as they are, with signed checkpoints beside them. \
            Exit status: 0 done or intact, 2 usage, 3 input refused, 4 environment (disk, permission, lock), 5 tampered with, \
            6 cannot be proved.

            A Connector's log becomes a journal:
              docker logs -f connector 2>&1 | twin-journal append /var/lib/twin-journal/office --key office.key
            """,
        version: Version.text,
        subcommands: [
            AppendCommand.self, CatCommand.self, TailCommand.self, StatsCommand.self, VerifyCommand.self, ProveCommand.self,
            VerifyProofCommand.self, RepairCommand.self, KeygenCommand.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as CommandFailure {
            Message.error(failure.message)
            Glibc.exit(failure.status.rawValue)
        } catch let end as ExitWith {
            Glibc.exit(end.status.rawValue)
        } catch {
            let isHelp = exitCode(for: error).isSuccess
            if isHelp {
                Self.exit(withError: error)
            }
            Message.write(fullMessage(for: error))
            Glibc.exit(ExitStatus.usage.rawValue)
        }
    }
}

enum Version {
    static let text = "1.0.0"
    /// How the program names itself in journals.
    static let software = "twin-journal " + text
}
