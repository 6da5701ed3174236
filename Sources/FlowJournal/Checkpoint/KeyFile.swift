/// Reads key files.
public enum KeyFile {
    public enum Problem: Error, Hashable, Sendable {
        case stream(path: String, reason: String)
        /// Longer than a key can be, or no text.
        case notAKey(path: String)
        case key(path: String, NoteKeyProblem)
        /// A private key where a public one belongs.
        case isPrivate(path: String)
        /// The origin after the colon cannot be one.
        case badOrigin(String)
    }

    /// A key is one short line; a larger file is none.
    private static let maxLength = 4_096

    /// Reads what the option `--key` gives: `FILE`, or `FILE:ORIGIN` to state the origin that the key speaks for. When there is a file of the whole
    /// name, it is the file; otherwise the last colon before which the name of a file stands divides the two.
    public static func trusted(_ argument: String) throws(Problem) -> TrustedKey {
        let (path, origin) = split(argument)
        if let origin, !NoteKey.isName(origin) { throw .badOrigin(origin) }
        let text = try text(of: path)
        if NoteKey.trimmed(text).hasPrefix(NoteKey.privatePrefix) { throw .isPrivate(path: path) }
        do throws(NoteKeyProblem) {
            return TrustedKey(try NoteVerifier(text), origin: origin)
        } catch {
            throw .key(path: path, error)
        }
    }

    /// Reads a private key.
    public static func signer(_ path: String) throws(Problem) -> NoteSigner {
        let text = try text(of: path)
        do throws(NoteKeyProblem) {
            return try NoteSigner(text)
        } catch {
            throw .key(path: path, error)
        }
    }

    private static func split(_ argument: String) -> (path: String, origin: String?) {
        func exists(_ path: String) -> Bool { ((try? FileSystem.status(path)) ?? nil) != nil }
        guard !exists(argument) else { return (argument, nil) }
        var end = argument.endIndex
        while let colon = argument[..<end].lastIndex(of: ":") {
            let path = String(argument[..<colon])
            if exists(path) { return (path, String(argument[argument.index(after: colon)...])) }
            end = colon
        }
        return (argument, nil)
    }

    private static func text(of path: String) throws(Problem) -> String {
        var bytes = [UInt8](repeating: 0, count: maxLength + 1)
        var count = 0
        do throws(StreamProblem) {
            let reader = try ByteStreamReader(path: path)
            while count < bytes.count {
                let start = count
                let got = try bytes.withMutableBytes { buffer throws(StreamProblem) in
                    try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
                }
                if got == 0 { break }
                count += got
            }
        } catch {
            throw .stream(path: path, reason: "\(error)")
        }
        guard count <= maxLength, let text = String(validating: bytes[..<count], as: UTF8.self) else { throw .notAKey(path: path) }
        return text
    }
}

extension KeyFile.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stream(_, let reason): reason
        case .notAKey(let path): "`\(path)` is not a key: a key is one short line of text"
        case .key(let path, let problem): "`\(path)`: \(problem)"
        case .isPrivate(let path): "`\(path)` is a private key; give the public one, `\(path).pub`"
        case .badOrigin(let origin): "`\(origin)` cannot be the origin of a journal: it must not be empty or have spaces or `+` in it"
        }
    }
}
