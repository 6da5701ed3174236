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

/// Something that ends a command: one line that says what, where and what to do, and the status to exit with.
public struct CommandFailure: Error, Sendable, CustomStringConvertible {
    public var status: ExitStatus
    public var message: String

    public init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { message }
}
