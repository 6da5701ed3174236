import FlowJournal
import TerminalSupport

/// Turns what the journal module reports into what a command ends with.
enum Failure {
    /// Nil for errors that are not the journal module's.
    static func of(_ error: any Error) -> CommandFailure? {
        switch error {
        case let problem as JournalProblem: of(problem)
        case let problem as SystemProblem: of(problem)
        case FrameProblem.system(let problem): of(problem)
        case StreamProblem.system(let problem): of(problem)
        case let problem as StreamProblem: CommandFailure(.inputRefused, problem.description)
        default: nil
        }
    }

    static func of(_ problem: JournalProblem) -> CommandFailure {
        let status: ExitStatus =
            switch problem {
            case .system, .locked, .broken, .closed: .environment
            case .tampered: .tampered
            case .mismatch, .refused: .inputRefused
            }
        return CommandFailure(status, problem.description)
    }

    static func of(_ problem: SystemProblem) -> CommandFailure {
        CommandFailure(.environment, problem.description)
    }
}
