import ArgumentParser
import FlowJournal
import TerminalSupport

struct CatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Print the records of journals or segments as NDJSON.",
        discussion: """
            Without a selection the output is byte for byte that of `zcat` over the segments. Frames outside the selection are passed over \
            without being inflated. On a terminal, characters that a terminal would obey are written as JSON escapes.

            Example:
              twin-journal cat journals/office --since 2026-10-08T06:00:00Z --until 2026-10-08T07:00:00Z | jq .user.email
            """)

    @Argument(help: "Journals (directories) or segment files.")
    var paths: [String]

    @OptionGroup var selection: SelectionOptions

    func run() throws {
        var printing = JournalPrinting(selection.selection)
        for path in paths { try printing.print(path) }
        if printing.damaged > 0 {
            throw CommandFailure(.tampered, "\(printing.damaged) frames could not be read; `twin-journal verify` says more")
        }
        if printing.printer.printed == 0 {
            Message.write("no record: \(selection.isEmpty ? "the journal has none" : "none matches the selection")")
        }
    }
}

/// Which records are wanted.
struct SelectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Records at or after this time: RFC 3339, a date, `yesterday`, `7d`.", valueName: "time"))
    var since: TimePoint?

    @Option(help: ArgumentHelp("Records before this time.", valueName: "time"))
    var until: TimePoint?

    @Option(name: .customLong("from"), help: ArgumentHelp("Records from this sequence on.", valueName: "sequence"))
    var fromSequence: UInt64?

    @Option(name: .customLong("to"), help: ArgumentHelp("Records up to this sequence, inclusive.", valueName: "sequence"))
    var toSequence: UInt64?

    var selection: JournalReader.Selection {
        JournalReader.Selection(
            since: since?.timestamp, until: until?.timestamp, fromSequence: fromSequence, toSequence: toSequence)
    }

    var isEmpty: Bool { selection == JournalReader.Selection() }
}
