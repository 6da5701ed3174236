import ArgumentParser
import FlowJournal
import FlowModel
import TerminalSupport

struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Print the last records of a journal, and with -f those that follow.",
        discussion: """
            Example:
              twin-journal tail -f journals/office | jq -c 'select(.event_type == "denied_access")'
            """)

    @Argument(help: "The journal's directory.")
    var journal: String

    @Option(name: [.customShort("n"), .customLong("lines")], help: ArgumentHelp("How many records.", valueName: "count"))
    var count: UInt64 = 10

    @Flag(name: [.customShort("f"), .customLong("follow")], help: "Go on with records that are appended, also in new segments.")
    var follow = false

    /// How long to wait before looking for new frames: below what a person notices.
    private static let pollMs: Int32 = 200

    func run() throws {
        let directory = try Inputs.journal(journal)
        var last: UInt64 = 0
        let survey = try JournalReader(directory)
        while let located = try survey.next() { last = max(last, located.frame.header?.lastSequence ?? 0) }
        let selection = JournalReader.Selection(fromSequence: last >= count ? last - count + 1 : 1)
        let reader = try JournalReader(directory, selection: selection)
        reader.isFollowing = follow
        var printing = JournalPrinting(selection)
        if follow { StopSignal.watch() }
        while true {
            try printing.print(reader)
            guard follow, !StopSignal.isRaised else { break }
            StopSignal.sleep(milliseconds: TailCommand.pollMs)
            if StopSignal.isRaised { break }
        }
        if printing.damaged > 0 {
            throw CommandFailure(.tampered, "\(printing.damaged) frames could not be read; `twin-journal verify` says more")
        }
        if last == 0, !follow { Message.write("no record: the journal has none") }
    }
}
