internal import AccessPolicy
internal import ArgumentParser
internal import FlowStore
internal import Glibc
internal import PolicyDocuments
internal import ShellSupport

/// Turns whatever ended a command into one line and an exit status.
enum Failure {
    static func report(_ error: any Error) -> Int32 {
        switch error {
        case let status as ExitStatusError:
            return status.status.rawValue
        case let failure as CommandFailure:
            Message.error(Escaping.terminal(failure.message))
            return failure.status.rawValue
        case let failure as StoreFailure:
            Message.error(Escaping.terminal(failure.message))
            return status(of: failure.kind).rawValue
        case let errors as PolicyDocumentErrors:
            for line in errors.description.split(separator: "\n") { Message.error(Escaping.terminal(String(line))) }
            return ExitStatus.inputRefused.rawValue
        default:
            return parserStatus(error)
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

    /// Help and version go to standard output and are a success; a command line that is not understood is a usage error.
    private static func parserStatus(_ error: any Error) -> Int32 {
        let code = TwinAudit.exitCode(for: error)
        let text = TwinAudit.fullMessage(for: error)
        if code == .success {
            let output = OutputStream()
            try? output.write(text.hasSuffix("\n") ? text : text + "\n")
            try? output.flush()
            return ExitStatus.clean.rawValue
        }
        Message.write(text)
        return code == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.environment.rawValue
    }
}

/// Ends a command with a status when everything that is to be said has been said.
struct ExitStatusError: Error {
    var status: ExitStatus

    init(_ status: ExitStatus) {
        self.status = status
    }

    /// Throws unless `status` is `.clean`.
    static func end(with status: ExitStatus) throws {
        if status != .clean { throw ExitStatusError(status) }
    }
}
