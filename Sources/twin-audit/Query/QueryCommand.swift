internal import ArgumentParser
internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary
internal import TerminalSupport
internal import Wording

struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Ask forensic questions of the library, or one in SQL; nothing can be changed.",
        discussion: """
            Examples:
              twin-audit query list
              twin-audit query run who-reached --param resource='Prod DB' --since 30d
              twin-audit query sql "select principal, count(*) from flow group by 1 order by 2 desc"
            """,
        subcommands: [
            QueryListCommand.self, QueryShowCommand.self, QueryRunCommand.self, QuerySQLCommand.self, QueryViewsCommand.self,
            QueryExportCommand.self,
        ])
}

struct QueryListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The questions of the library.", discussion: "Example:\n  twin-audit query list")

    @OptionGroup var library: LibraryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let questions = try Refusal.translating { try library.open().questions() }
        let writer = RowWriter(
            format: output.format, columns: ["name", "question", "parameters"], output: OutputStream())
        for question in questions {
            let parameters = question.parameters.map { $0.isRequired ? $0.name : "[\($0.name)]" }.joined(separator: " ")
            try writer.write([.text(question.id), .text(question.question), .text(parameters)])
        }
        try writer.finish()
    }
}

struct QueryShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What a question takes, and its SQL.",
        discussion: "Example:\n  twin-audit query show who-reached")

    @OptionGroup var library: LibraryOptions

    @Argument(help: ArgumentHelp("A name of `twin-audit query list`.", valueName: "name"))
    var name: String

    func run() throws {
        let question = try Question.find(name, library)
        let output = OutputStream()
        try output.write(Escaping.text(Question.description(question)))
        try output.flush()
    }
}

struct QueryRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Ask a question of the library.",
        discussion: """
            Examples:
              twin-audit query run who-reached --param resource=7201
              twin-audit query run denied --since 7d --format csv
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var library: LibraryOptions
    @OptionGroup var period: PeriodOptions
    @OptionGroup var output: OutputOptions

    @Option(name: .customLong("param"), help: ArgumentHelp("A value for a parameter of the question.", valueName: "name=value"))
    var parameters: [String] = []

    @Argument(help: ArgumentHelp("A name of `twin-audit query list`.", valueName: "name"))
    var name: String

    func run() throws {
        let question = try Question.find(name, library)
        let period = try period.period()
        try Question.check(question, parameters)
        let database = try database.open()
        let arguments = try Question.arguments(question, parameters, database)
        let rows = try Refusal.translating {
            try RowPrinter(output).print { columns, row in
                try QueryRunner(database: database).run(
                    question, arguments: arguments, period: period, columns: columns, row: row)
            }
        }
        guard rows == 0 else { return }
        let coverage = try Coverage(database)
        guard coverage.flows > 0, let first = coverage.first, let last = coverage.last else {
            Message.write("nothing to show: the database holds no flows; ingest journals or logs first")
            return try ExitStatusError.end(with: .undecidable)
        }
        let unknown = try Question.unknownNames(arguments, database)
        for name in unknown { Message.error(Escaping.terminal(name.description)) }
        if !unknown.isEmpty { return try ExitStatusError.end(with: .undecidable) }
        let given = parameters.isEmpty ? "" : " with \(Escaping.terminal(parameters.joined(separator: ", ")))"
        Message.write(
            "nothing to show for `\(question.id)`\(given), \(period); the database holds \(coverage.flows) flows from \(first) to \(last)"
        )
        if !coverage.meets(since: period.since, until: period.until) { try ExitStatusError.end(with: .undecidable) }
    }
}

struct QuerySQLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql", abstract: "Ask in SQL; the statement can only read.",
        discussion: """
            `twin-audit query views` says what can be asked. Times are milliseconds of Unix time; columns whose names end in _at are
            shown as times.

            Examples:
              twin-audit query sql "select verdict, sum(flows) from access group by verdict"
              twin-audit query sql --file question.sql --format csv
              echo "select count(*) from flow" | twin-audit query sql -
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    @Option(name: [.short, .long], help: ArgumentHelp("Read the statement from a file.", valueName: "file"))
    var file: String?
    @Argument(help: ArgumentHelp("One SELECT statement; - reads it from standard input.", valueName: "statement"))
    var statement: String?

    func run() throws {
        let statement = try chosenStatement()
        let database = try database.open()
        let rows = try Refusal.translating {
            try RowPrinter(output).print { columns, row in
                try QueryRunner(database: database).run(sql: statement, columns: columns, row: row)
            }
        }
        if rows == 0 { Message.write("the statement gave no rows") }
    }

    private func chosenStatement() throws -> String {
        switch (statement, file) {
        case (let statement?, nil) where statement != "-": return statement
        case (.some, nil): return try Refusal.translating { try QueryLibrary.read("/dev/stdin") }
        case (nil, let file?): return try Refusal.translating { try QueryLibrary.read(file) }
        case (nil, nil): throw CommandFailure(.usage, "give a statement, - to read it from standard input, or --file FILE")
        case (.some, .some): throw CommandFailure(.usage, "give a statement or --file, not both")
        }
    }
}

/// A question of the library on the command line.
enum Question {
    static func find(_ name: String, _ library: LibraryOptions) throws -> QueryFile {
        let questions = try Refusal.translating { try library.open().questions() }
        if let question = questions.first(where: { $0.id == name }) { return question }
        let known = questions.map(\.id).joined(separator: ", ")
        let nearest = NearestWord.find(name, among: questions.map(\.id)).map { "the nearest is `\($0)`; " } ?? ""
        throw CommandFailure(.usage, "no question `\(name)`; \(nearest)there are \(known)")
    }

    /// Values of parameters that are called as what they name: a user, a Resource or a Connector that the database does not know.
    static func unknownNames(_ arguments: [String: StoredValue], _ database: AuditDatabase) throws -> [UnknownName] {
        var unknown: [UnknownName] = []
        for (name, value) in arguments.sorted(by: { $0.key < $1.key }) {
            guard let kind = KnownNames(rawValue: name), case .text(let text) = value else { continue }
            unknown += try kind.unknown([text], withAddresses: true, database)
        }
        return unknown
    }

    /// Refuses what is wrong with the parameters, whatever the database holds.
    static func check(_ question: QueryFile, _ parameters: [String]) throws { _ = try arguments(question, parameters, nil) }

    /// The values of parameters; texts that name hosts as `database` writes them.
    static func arguments(_ question: QueryFile, _ parameters: [String], _ database: AuditDatabase?) throws -> [String: StoredValue] {
        var values: [String: StoredValue] = [:]
        for (name, text) in try NamedValues.parse(parameters) {
            guard let parameter = question.parameter(name) else {
                let known = question.parameters.map { "`\($0.name)`" }.joined(separator: ", ")
                throw CommandFailure(
                    .usage, "`\(question.id)` has no parameter `\(name)`; it has \(known.isEmpty ? "none" : known)")
            }
            let plain = try parameter.kind == .text ? database.map { try HostArgument.written(text, for: name, in: $0) } ?? text : text
            values[name] = try Refusal.translating { try parameter.value(of: plain, resolvingTime: NamedValues.time) }
        }
        return values
    }

    static func description(_ question: QueryFile) -> String {
        var text = "\(question.title)\n\n\(question.question)\n\(question.description)\n"
        text += parameters(question)
        if !question.examples.isEmpty {
            text += "\nExamples:\n" + question.examples.map { "  \($0)\n" }.joined()
        }
        return text + "\nSQL (\(question.path)):\n\n\(question.sql)\n"
    }

    static func parameters(_ question: QueryFile) -> String {
        guard !question.parameters.isEmpty else { return "" }
        let lines = question.parameters.map { parameter in
            let usual =
                parameter.isRequired ? ", required" : parameter.defaultText.isEmpty ? "" : ", default \(parameter.defaultText)"
            return "  \(parameter.name) (\(parameter.kind.rawValue)\(usual)): \(parameter.description)\n"
        }
        return "\nParameters:\n" + lines.joined()
    }
}

/// Prints rows as they come; columns whose names end in `_at` or `_seen` hold times.
struct RowPrinter {
    private let options: OutputOptions

    init(_ options: OutputOptions) {
        self.options = options
    }

    /// `ask` is given what to call with the columns and with each row. Gives the number of rows.
    func print(_ ask: (([String]) throws -> Void, ([StoredValue]) throws -> Void) throws -> Void) throws -> Int {
        let offset = try options.offsetMinutes()
        var isTime: [Bool] = []
        var writer: RowWriter?
        var watch = SumWatch()
        try ask(
            { columns in
                isTime = columns.map { $0 == "at" || $0.hasSuffix("_at") || $0.hasSuffix("_seen") }
                writer = RowWriter(format: options.format, columns: columns, output: OutputStream())
            },
            { row in
                watch.see(row, isTime)
                try writer?.write(zip(row, isTime).map { Cell($0, isTime: $1, offsetMinutes: offset) })
            })
        try writer?.finish()
        watch.report()
        return writer?.rowCount ?? 0
    }
}

extension Escaping {
    /// Text of several lines for terminals: each line escaped for itself.
    static func text(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { terminal(String($0)) }.joined(separator: "\n")
    }
}
