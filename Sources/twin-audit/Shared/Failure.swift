internal import FlowStore
internal import Ingest
internal import PolicyDocuments
internal import TerminalSupport

/// Turns what the modules report into what a command ends with.
enum Failure {
    static func of(_ error: any Error) -> CommandFailure? {
        switch error {
        case let failure as StoreFailure: CommandFailure(status(of: failure.kind), failure.message)
        case let problem as InputProblem: CommandFailure(status(of: problem.storeKind), problem.message)
        case let errors as PolicyDocumentErrors: CommandFailure(.inputRefused, messages: errors.problems.map(\.description))
        default: nil
        }
    }

    static func status(of kind: StoreFailure.Kind) -> ExitStatus {
        switch kind {
        case .refused: .inputRefused
        case .environment: .environment
        case .tampered: .tampered
        case .nothingToExamine: .undecidable
        }
    }

    /// Of several input failures the one that decides how the command ends: tampering outweighs trouble with the surroundings, which
    /// outweighs refused input. `.clean` when there is none of these.
    static func worst(_ kinds: [StoreFailure.Kind]) -> ExitStatus {
        let statuses = kinds.map { status(of: $0) }
        return [ExitStatus.tampered, .environment, .inputRefused].first { statuses.contains($0) } ?? .clean
    }
}
