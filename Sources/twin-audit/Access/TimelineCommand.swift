internal import ArgumentParser
internal import FlowStore
internal import TerminalSupport

struct TimelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timeline", abstract: "Sessions in time order: who used what from where, by which path.",
        discussion: """
            A session is a principal's use of a Resource from a device without a pause longer than --gap; it goes on over fail-overs to
            other Connectors. Refused attempts are no sessions: see `twin-audit access --by user,reason`.

            `trace session:N` tells a session's flows; of a timeline with filters, give it the same ones.

            Example:
              twin-audit timeline --user ana@acme.example --since 2026-10-08
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var filters: FilterOptions
    @OptionGroup var output: OutputOptions

    @OptionGroup var pause: PauseOptions

    @Option(help: ArgumentHelp("Show at most so many sessions.", valueName: "rows"))
    var limit: Int?

    func run() throws {
        if let limit, limit < 1 { throw CommandFailure(.usage, "--limit takes a number of rows from 1 on, not \(limit)") }
        var question = TimelineQuestion()
        question.filter = try filters.filter()
        question.gapMs = try pause.milliseconds()
        question.limit = limit
        let database = try database.open()
        let rows = try question.ask(database) { try output.write($0) }
        try ExitStatusError.end(with: EmptyAnswer.explain(rows: rows, question.filter, database))
    }
}

/// When a session is over.
struct PauseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The longest pause within a session, in minutes.", valueName: "minutes"))
    var gap: Int64 = 10

    func milliseconds() throws -> Int64 {
        guard TimelineQuestion.gaps.contains(gap) else {
            throw CommandFailure(
                .usage, "--gap takes minutes from \(TimelineQuestion.gaps.lowerBound) to \(TimelineQuestion.gaps.upperBound)")
        }
        return gap * TimelineQuestion.minuteMs
    }
}
