import Glibc

/// An operation that the operating system refused: what was tried, on which path, and the system's error number.
public struct SystemProblem: Error, Hashable, Sendable {
    /// As it reads after "cannot": `open`, `write to`, `sync`.
    public var operation: String
    public var path: String
    /// The value of errno.
    public var code: Int32

    public init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    static let noMemory = ENOMEM

    /// A file became shorter while it was read, or another took its name: nothing that was read of it is the state of one moment.
    static func changed(_ path: String) -> SystemProblem { SystemProblem(operation: "read on in", path: path, code: ESTALE) }

    /// The file was changed while it was read; reading again may help.
    public var isChange: Bool { code == ESTALE }

    /// No space or quota is left, or the file would grow past a limit: making space helps.
    public var isFull: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
}

extension SystemProblem: CustomStringConvertible {
    public var description: String {
        if isChange { return "`\(path)` was changed while it was read" }
        var bytes = [UInt8](repeating: 0, count: 256)
        let isKnown = bytes.withMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return false }
            return strerror_r(code, base.assumingMemoryBound(to: CChar.self), buffer.count) == 0
        }
        let reason = isKnown ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : "error \(code)"
        return "cannot \(operation) `\(path)`: \(reason.prefix(1).lowercased() + reason.dropFirst())"
    }
}
