import AccessPolicy

/// One thing that is wrong with a policy document: where, and what to do about it.
public struct PolicyProblem: Hashable, Sendable {
    public var file: String
    /// From 1; 0 when the problem belongs to the file as a whole.
    public var line: Int
    /// One sentence, lower case, user input in backticks.
    public var message: String

    public init(file: String, line: Int, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }
}

extension PolicyProblem: CustomStringConvertible {
    public var description: String {
        line > 0 ? "\(file):\(line): \(message)" : "\(file): \(message)"
    }
}

/// Why documents were refused: every problem that was found, in the order of files and lines. Never empty.
public struct PolicyDocumentErrors: Error, Hashable, Sendable, CustomStringConvertible {
    public var problems: [PolicyProblem]

    public init(_ problems: [PolicyProblem]) {
        self.problems = problems
    }

    public init(file: String, line: Int = 0, _ message: String) {
        problems = [PolicyProblem(file: file, line: line, message: message)]
    }

    /// One line a problem.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
