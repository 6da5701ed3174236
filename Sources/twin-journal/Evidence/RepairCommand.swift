import ArgumentParser
import FlowJournal
import TerminalSupport
import Wording

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Make a journal writable again whose unsealed end is damaged.",
        discussion: """
            Everything from the first damaged frame on is moved to the journal's directory `torn`, where nothing is lost to whoever wants to \
            look, and the journal says so in the record `journal_recovered`. A torn tail alone needs no repair: `append` sees to it. What is \
            under a checkpoint cannot be repaired: exit status 5.

            Example:
              twin-journal repair journals/office --key office.key
            """)

    @Argument(help: "The journal's directory.")
    var journal: String

    @Option(help: ArgumentHelp("Private key that the journal is written with.", valueName: "file"))
    var key: String?

    func run() throws {
        _ = try Inputs.journal(journal)
        var options = JournalOptions()
        options.key = try key.map(KeyArgument.signer)
        options.cutsDamage = true
        let writer = try JournalWriter(
            directory: journal, options: options, identity: JournalIdentity(software: TwinJournal.software, host: Present.host),
            clock: { Present.now })
        try writer.close()
        let output = OutputStream()
        try output.write(
            writer.recoveredBytes == 0
                ? "nothing to repair in `\(Escaping.terminal(journal))`\n"
                : "\(writer.recoveredBytes) bytes moved to `\(Escaping.terminal(journal))/torn`\n")
        try output.flush()
    }
}
