internal import FlowStore
internal import Glibc

/// Standard input and pipes of an ingest, kept so that they can be read again.
final class Spools {
    private var spools: [String: StandardInputSpool] = [:]

    /// Whether a path can be read only once.
    func needed(for path: String) -> Bool {
        if path == "-" { return true }
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT != S_IFREG && information.st_mode & S_IFMT != S_IFDIR
    }

    /// What a path gave, read to its end.
    func spool(_ path: String) throws(InputProblem) -> StandardInputSpool {
        if let known = spools[path] { return known }
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw InputProblem(.environment, path: path, "`\(path)`: cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { if path != "-" { close(descriptor) } }
        let made = try StandardInputSpool(reading: descriptor, name: path)
        spools[path] = made
        return made
    }

    deinit {
        for spool in spools.values { spool.close() }
    }
}
