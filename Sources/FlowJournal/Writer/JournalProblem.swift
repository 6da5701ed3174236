/// Why a journal could not be opened or written.
public enum JournalProblem: Error, Hashable, Sendable {
    case system(SystemProblem)
    /// Another writer has the journal open.
    case locked(directory: String)
    /// What is on disk is not what a writer left there; nothing was changed.
    case tampered(path: String, reason: String)
    /// The options contradict the journal.
    case mismatch(String)
    /// The record cannot be in a journal; the journal goes on without it.
    case refused(RecordRefusal)
    /// Written bytes could not be made durable, or the tail could not be restored: the journal must be opened anew.
    case broken(SystemProblem)
    /// The writer was closed before.
    case closed
}

/// Why a record was refused.
public enum RecordRefusal: Hashable, Sendable {
    case malformed(RecordScanner.Problem)
    /// Longer than `JournalWriter.maxRecordLength` bytes.
    case tooLong(Int)
    /// It has a member `seq`, which only the journal gives.
    case numbered
    /// Its `event_type` is one that only the journal writes.
    case reserved
    /// A name at the top level, or `event_type`, is written with an escape.
    case escapedName
}

extension JournalProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .system(let problem): problem.description
        case .locked(let directory): "another writer has the journal `\(directory)` open"
        case .tampered(let path, let reason): "`\(path)`: \(reason)"
        case .mismatch(let reason): reason
        case .refused(let refusal): refusal.description
        case .broken(let problem): "\(problem); open the journal anew to go on"
        case .closed: "the journal is closed"
        }
    }
}

extension RecordRefusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let problem): "not one JSON object on one line: \(problem)"
        case .tooLong(let count): "\(count) bytes, more than the \(JournalWriter.maxRecordLength) of a record"
        case .numbered: "it has a member `seq`, which only the journal gives"
        case .reserved: "its `event_type` is reserved for the journal's own records"
        case .escapedName: "a top-level name or `event_type` is written with an escape"
        }
    }
}
