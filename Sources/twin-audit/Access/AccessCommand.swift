internal import ArgumentParser
internal import FlowStore
internal import TerminalSupport
internal import Wording

struct AccessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "Who reached which Resource through which Connector.",
        discussion: """
            Examples:
              twin-audit access --since 7d
              twin-audit access --resource 'Prod DB' --by user,connector
              twin-audit access --verdict over-permitted --by user,reason,resource --format csv
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var filters: FilterOptions
    @OptionGroup var output: OutputOptions

    @Option(
        help: ArgumentHelp(
            "What to have a row for each of: \(AccessQuestion.Key.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "keys"))
    var by: String?

    @Option(help: ArgumentHelp("Show at most so many rows.", valueName: "rows"))
    var limit: Int?

    func run() throws {
        if let limit, limit < 1 { throw CommandFailure(.usage, "--limit takes a number of rows from 1 on, not \(limit)") }
        var question = AccessQuestion()
        question.filter = try filters.filter()
        question.limit = limit
        if let by {
            question.keys = try by.split(separator: ",").map { name in
                guard let key = AccessQuestion.Key(rawValue: String(name)) else {
                    let known = AccessQuestion.Key.allCases.map(\.rawValue).joined(separator: ", ")
                    let nearest = NearestWord.find(String(name), among: AccessQuestion.Key.allCases.map(\.rawValue))
                    throw CommandFailure(
                        .usage, "--by takes \(known), not `\(name)`\(nearest.map { "; the nearest is `\($0)`" } ?? "")")
                }
                return key
            }
        }
        guard !question.keys.isEmpty else { throw CommandFailure(.usage, "--by names nothing") }
        let database = try database.open()
        let rows = try question.ask(database) { try output.write($0) }
        try ExitStatusError.end(with: EmptyAnswer.explain(rows: rows, question.filter, database))
    }
}
