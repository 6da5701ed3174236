internal import Crypto
internal import FlowJournal
internal import FlowStore
internal import Glibc
internal import TextEncodings

/// What a file is, found out by reading it once before anything of it is stored.
struct SourceProbe {
    var size: Int64
    /// SHA-256 of the whole file, lower-case hexadecimal.
    var digest: String
    /// Digests of the first so many bytes.
    var prefixes: [Int64: String]

    /// Bytes of a file's beginning by which sources that it may have grown from are found.
    static let headBytes: Int64 = 4_096
    private static let chunk = 1 << 20

    /// Whether a file begins with a journal's frame. False for one that cannot be read, as reading it will tell.
    static func beginsWithFrame(path: String) -> Bool {
        guard !Spools.needed(for: path), let bytes = try? firstBytes(path: path) else { return false }
        return bytes.withUnsafeBytes { FrameHeader.isJournal($0) }
    }

    /// SHA-256 of the first `headBytes` bytes.
    static func head(path: String) throws(InputProblem) -> String {
        Hexadecimal.text(SHA256.hash(data: try firstBytes(path: path)))
    }

    private static func firstBytes(path: String) throws(InputProblem) -> ArraySlice<UInt8> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Int(headBytes))
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if more < 0 {
                if errno == EINTR { continue }
                throw failure(path)
            }
            if more == 0 { break }
            count += more
        }
        return bytes[..<count]
    }

    /// - Parameter sizes: ascending; digests of these prefixes are wanted.
    static func read(path: String, sizes: [Int64]) throws(InputProblem) -> SourceProbe {
        let hash = try hash(path: path, sizes: sizes, toEnd: true)
        return SourceProbe(size: hash.size, digest: hash.digest, prefixes: hash.prefixes)
    }

    /// Digests of these prefixes alone, by size; nothing is read behind the longest.
    static func prefixes(path: String, sizes: [Int64]) throws(InputProblem) -> [Int64: String] {
        try hash(path: path, sizes: sizes, toEnd: false).prefixes
    }

    private static func hash(path: String, sizes: [Int64], toEnd: Bool) throws(InputProblem) -> PrefixHash {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var hash = PrefixHash(sizes)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
        defer { buffer.deallocate() }
        while toEnd || !hash.isDone {
            let count = Glibc.read(descriptor, buffer.baseAddress, chunk)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(path)
            }
            if count == 0 { break }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return hash
    }

    /// SHA-256 of the first bytes of a file, which must have as many.
    static func prefix(path: String, size: Int64) throws(InputProblem) -> [UInt8] {
        guard let digest = try prefixes(path: path, sizes: [size])[size] else {
            throw InputProblem(.environment, path: path, "`\(path)` became shorter while it was read; run the same command again")
        }
        return Hexadecimal.decode(digest) ?? []
    }

    private static func failure(_ path: String) -> InputProblem {
        switch errno {
        case ENOENT: InputProblem(.refused, path: path, "`\(path)`: there is no such file; check the path")
        case EACCES, EPERM: InputProblem(.environment, path: path, "`\(path)`: no permission to read it; run as a user who may")
        case EISDIR: InputProblem(.refused, path: path, "`\(path)` is a directory")
        default: InputProblem(.environment, path: path, "`\(path)`: cannot be read: \(String(cString: strerror(errno)))")
        }
    }
}
