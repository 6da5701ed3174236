internal import Glibc

/// An operation on a file or directory that the operating system refused: what was tried, where, and the system's error number.
public struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// As it reads after "cannot": `list`, `create`, `write to`.
    public var operation: String
    public var path: String
    /// The value of errno.
    public var code: Int32

    public init(_ operation: String, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The system's words for the error number.
    public var reason: String { String(cString: strerror(code)) }

    public var description: String { "cannot \(operation) `\(path)`: \(reason)" }
}
