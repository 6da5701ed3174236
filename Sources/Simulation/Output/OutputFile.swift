internal import FileAccess
internal import Glibc

/// A file that is written from beginning to end through a buffer.
final class OutputFile {
    let path: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []

    /// Few enough system calls, small enough for thousands of files.
    private static let bufferBytes = 64 << 10

    init(_ path: String) throws(SimulationProblem) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw OutputDirectory.problem("create", path) }
        buffer.reserveCapacity(OutputFile.bufferBytes)
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    func write(_ bytes: [UInt8]) throws(SimulationProblem) {
        if buffer.count + bytes.count > OutputFile.bufferBytes { try flush() }
        buffer.append(contentsOf: bytes)
    }

    func writeLine(_ bytes: [UInt8]) throws(SimulationProblem) {
        try write(bytes)
        buffer.append(UInt8(ascii: "\n"))
    }

    private func flush() throws(SimulationProblem) {
        let path = path
        let descriptor = descriptor
        let failed = buffer.withUnsafeBytes { bytes -> Bool in
            var offset = 0
            while offset < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return true }
                offset += count
            }
            return false
        }
        if failed { throw OutputDirectory.problem("write to", path) }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what is left. Without it the end of the file is lost.
    func close() throws(SimulationProblem) {
        guard descriptor >= 0 else { return }
        try flush()
        let code = Glibc.close(descriptor)
        descriptor = -1
        if code != 0 { throw OutputDirectory.problem("write to", path) }
    }
}

/// The directory that a simulation fills.
enum OutputDirectory {
    /// What a simulation writes below its directory.
    static let journals = "journals"
    static let policy = "policy"
    static let logs = "logs"
    static let truth = "truth.ndjson"

    static func problem(_ verb: String, _ path: String) -> SimulationProblem {
        SimulationProblem(.environment, "cannot \(verb) `\(path)`: \(String(cString: strerror(errno)))")
    }

    /// Makes `path` and its parents.
    static func make(_ path: String) throws(SimulationProblem) {
        do throws(FileFailure) {
            try DirectoryTree.make(path)
        } catch {
            throw SimulationProblem(.environment, error.description)
        }
    }

    /// Names in a directory, without `.` and `..`; nil when there is no directory.
    static func entries(_ path: String) throws(SimulationProblem) -> [String]? {
        do throws(FileFailure) {
            return try DirectoryListing.names(in: path)
        } catch {
            if error.code == ENOENT { return nil }
            throw SimulationProblem(.environment, "cannot read the directory `\(path)`: \(error.reason)")
        }
    }

    /// Prepares an empty place: refuses a directory with anything in it, or with `force` removes what an earlier simulation left.
    static func prepare(_ path: String, force: Bool) throws(SimulationProblem) {
        if let present = try entries(path), !present.isEmpty {
            guard force else {
                throw SimulationProblem(
                    .request, "the directory `\(path)` is not empty: give another one, or `--force` to replace what is there")
            }
            // Only what a simulation writes is ever removed.
            for name in [journals, policy, logs, truth] where present.contains(name) { try remove("\(path)/\(name)") }
        }
        try make(path)
    }

    private static func remove(_ path: String) throws(SimulationProblem) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in try entries(path) ?? [] { try remove("\(path)/\(name)") }
            if rmdir(path) != 0 { throw problem("remove the directory", path) }
        } else if unlink(path) != 0 {
            throw problem("remove", path)
        }
    }
}
