/// Why a query, a rule or one of their files could not be used: one sentence that says what, where and what to do.
public struct QueryFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of trouble, as far as callers act on it; more kinds may come.
    public enum Kind: Sendable {
        /// A name, a parameter or a value on the command line that does not exist or does not fit.
        case usage
        /// A file of the library, or a statement, that cannot be accepted.
        case refused
        /// The library or a file cannot be found or read.
        case environment
    }

    public var kind: Kind
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
