internal import FlowStore
internal import Glibc

/// Standard input and pipes of an ingest, kept so that they can be read again.
final class Spools {
    private var spools: [String: Result<StandardInputSpool, InputProblem>] = [:]
    private let shouldStop: () -> Bool

    init(shouldStop: @escaping () -> Bool) {
        self.shouldStop = shouldStop
    }

    /// Whether a path can be read only once.
    static func needed(for path: String) -> Bool {
        if path == "-" { return true }
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT != S_IFREG && information.st_mode & S_IFMT != S_IFDIR
    }

    /// Reads all of these that can be read only once to their end, each when the one before is done. False when told to stop before that.
    func fill(_ paths: [String]) -> Bool {
        for path in paths where Spools.needed(for: path) && spools[path] == nil {
            do throws(InputProblem) {
                guard let spool = try read(path) else { return false }
                spools[path] = .success(spool)
            } catch {
                spools[path] = .failure(error)
            }
        }
        return true
    }

    /// What a path gave; nil for one that can be read again.
    func spool(_ path: String) throws(InputProblem) -> StandardInputSpool? { try spools[path]?.get() }

    private func read(_ path: String) throws(InputProblem) -> StandardInputSpool? {
        // A named pipe that nobody writes to would be waited for here, and nothing could end that.
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw InputProblem(.environment, path: path, "`\(path)`: cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { if path != "-" { close(descriptor) } }
        return try StandardInputSpool(reading: descriptor, name: path, shouldStop: shouldStop)
    }

    deinit {
        for case .success(let spool) in spools.values { spool.close() }
    }
}
