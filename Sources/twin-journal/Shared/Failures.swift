import FlowJournal
import ShellSupport

/// Turns what the journal module reports into the one line and the status that a command ends with.
enum Failure {
    static func of(_ problem: JournalProblem) -> CommandFailure {
        let status: ExitStatus =
            switch problem {
            case .system, .locked, .broken, .closed: .environment
            case .tampered: .tampered
            case .mismatch, .refused: .inputRefused
            }
        return CommandFailure(status, Escaping.terminal(problem.description))
    }

    static func of(_ problem: SystemProblem) -> CommandFailure {
        CommandFailure(.environment, Escaping.terminal(problem.description))
    }

    static func of(_ error: any Error) -> any Error {
        switch error {
        case let problem as JournalProblem: of(problem)
        case let problem as SystemProblem: of(problem)
        case FrameProblem.system(let problem): of(problem)
        case StreamProblem.system(let problem): of(problem)
        case let problem as StreamProblem: CommandFailure(.inputRefused, Escaping.terminal(problem.description))
        default: error
        }
    }

    /// Runs a command's work; errors of the journal module become failures of the command.
    static func translating(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            throw of(error)
        }
    }
}
