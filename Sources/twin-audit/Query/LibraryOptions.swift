internal import ArgumentParser
internal import Detection
internal import FlowModel
internal import QueryCatalogue
internal import QueryLibrary
internal import TerminalSupport

/// Which library of statements.
struct LibraryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A directory whose statements take the place of the program's own of the same name, and add to them. [default: $\(QueryLibrary.variable)]",
            valueName: "dir"))
    var queries: String?

    func open() throws -> QueryLibrary {
        let fromEnvironment = Terminal.environment(QueryLibrary.variable).flatMap { $0.isEmpty ? nil : $0 }
        guard let directory = queries ?? fromEnvironment else { return .builtIn }
        return try Refusal.translating { try QueryLibrary(root: directory) }
    }
}

/// Puts failures of the library in terms of the command line.
enum Refusal {
    static func translating<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let failure as QueryFailure {
            let status: ExitStatus =
                switch failure.kind {
                case .usage: .usage
                case .refused: .inputRefused
                case .environment: .environment
                }
            throw CommandFailure(status, failure.message)
        }
    }
}

/// A part of the time.
struct PeriodOptions: ParsableArguments {
    @Option(help: ArgumentHelp("From here on: RFC 3339, a date, 7d, yesterday. Widened to whole hours.", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Up to here.", valueName: "time"))
    var until: String?

    func period() throws -> Period {
        let period = Period(
            since: try TimeOption.parse(since, option: "--since"), until: try TimeOption.parse(until, option: "--until"))
        if let since = period.since, let until = period.until, since >= until {
            throw CommandFailure(.usage, "--since \(since) is not before --until \(until)")
        }
        return period
    }
}

/// `name=value` arguments.
enum NamedValues {
    static func parse(_ arguments: [String]) throws -> [(name: String, text: String)] {
        try arguments.map { argument in
            guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
                throw CommandFailure(.usage, "--param takes name=value, not `\(argument)`")
            }
            return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
        }
    }

    static func time(_ text: String) -> Timestamp? { try? TimeOption.parse(text, option: "--param") }
}
