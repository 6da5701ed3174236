/// What a program says with its exit status; the same for every command.
public enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Done, and nothing is wrong.
    case clean = 0
    /// The question was answered and the answer is bad.
    case badAnswer = 1
    /// The command line was not understood.
    case usage = 2
    /// Input was refused, or partly set aside under `--strict`.
    case inputRefused = 3
    /// Disk full, locked, no permission, or anything else of the surroundings.
    case environment = 4
    /// Evidence was tampered with.
    case tampered = 5
    /// Cannot be decided: a gap, nothing sealed, nothing to examine.
    case undecidable = 6
}

/// Something that ends a command: what, where and what to do, and the status to exit with.
public struct CommandFailure: Error, Sendable, CustomStringConvertible {
    public var status: ExitStatus
    /// One line each; text from outside may stand in it as it is. Never empty.
    public var messages: [String]

    public init(_ status: ExitStatus, _ message: String) {
        self.init(status, messages: [message])
    }

    public init(_ status: ExitStatus, messages: [String]) {
        self.status = status
        self.messages = messages
    }

    public var description: String { messages.joined(separator: "\n") }
}

/// Ends a command with a status when everything that is to be said has been said.
public struct ExitStatusError: Error, Sendable {
    public var status: ExitStatus

    public init(_ status: ExitStatus) {
        self.status = status
    }

    /// Throws unless `status` is `.clean`.
    public static func end(with status: ExitStatus) throws {
        if status != .clean { throw ExitStatusError(status) }
    }
}
