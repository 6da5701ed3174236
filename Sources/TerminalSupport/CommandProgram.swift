public import ArgumentParser
internal import Glibc
internal import Wording

/// A program with commands: understands the command line, runs what it names, and ends with one line and the right status whatever
/// happens.
public protocol CommandProgram: ParsableCommand {
    /// What an error of the program's modules comes to; nil for what has no meaning of its own here.
    static func failure(of error: any Error) -> CommandFailure?
}

extension CommandProgram {
    /// Where the program begins and ends.
    public static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            Glibc.exit(report(error, arguments).rawValue)
        }
    }

    /// Says what ended a command, and gives the status to exit with.
    private static func report(_ error: any Error, _ arguments: [String]) -> ExitStatus {
        switch error {
        case let end as ExitStatusError:
            return end.status
        case let failure as CommandFailure:
            return say(failure)
        default:
            if let failure = failure(of: error) { return say(failure) }
            return reportParser(error, arguments)
        }
    }

    private static func say(_ failure: CommandFailure) -> ExitStatus {
        for message in failure.messages { Message.error(Escaping.terminal(message)) }
        return failure.status
    }

    /// Help and version go to standard output and are a success; a command line that is not understood is a usage error.
    private static func reportParser(_ error: any Error, _ arguments: [String]) -> ExitStatus {
        let code = exitCode(for: error)
        if code == .success || code == .validationFailure, let slip = CommandSlip(in: arguments, of: Self.self) {
            Message.error(slip.description)
            Message.write("Usage: \(slip.command) <subcommand>\n  See '\(slip.command) --help' for more information.")
            return .usage
        }
        let text = fullMessage(for: error)
        guard code == .success else {
            // The parser repeats what it was given, which may be anything.
            Message.write(text.split(separator: "\n").map { Escaping.terminal(String($0)) }.joined(separator: "\n"))
            return code == .validationFailure ? .usage : .environment
        }
        let output = OutputStream()
        do {
            try output.write(text.hasSuffix("\n") ? text : text + "\n")
            try output.flush()
        } catch {
            return report(error, arguments)
        }
        return .clean
    }
}
