internal import ArgumentParser
internal import AuditStore
internal import ShellSupport

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
        var question = AccessQuestion()
        question.filter = try filters.filter()
        question.limit = limit
        if let by {
            question.keys = try by.split(separator: ",").map { name in
                guard let key = AccessQuestion.Key(rawValue: String(name)) else {
                    let known = AccessQuestion.Key.allCases.map(\.rawValue).joined(separator: ", ")
                    throw CommandFailure(.usage, "--by takes \(known), not `\(name)`")
                }
                return key
            }
        }
        guard !question.keys.isEmpty else { throw CommandFailure(.usage, "--by names nothing") }
        let database = try database.open()
        let rows = try question.ask(database) { try output.write($0) }
        if rows == 0 { try ExitStatusError.end(with: EmptyAnswer.explain(question.filter, database)) }
    }
}
