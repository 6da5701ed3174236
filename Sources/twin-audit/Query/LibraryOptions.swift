internal import ArgumentParser
internal import Detection
internal import FlowModel
internal import Glibc
internal import QueryCatalogue
internal import QueryLibrary
internal import TerminalSupport

/// Which library of statements.
struct LibraryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The query library. [default: $\(QueryLibrary.variable), else `Queries` beside the program, where it is installed, or in its source tree]",
            valueName: "dir"))
    var queries: String?

    func open() throws -> QueryLibrary {
        try Refusal.translating {
            try QueryLibrary.locate(
                explicit: queries, fromEnvironment: Terminal.environment(QueryLibrary.variable), executable: LibraryOptions.program)
        }
    }

    /// The path of this program, links resolved.
    private static var program: String? {
        realpath("/proc/self/exe", nil).map { path in
            defer { free(path) }
            return String(cString: path)
        }
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
