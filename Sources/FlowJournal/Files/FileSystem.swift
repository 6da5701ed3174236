import FileAccess
import Glibc

/// Operations on names in directories.
enum FileSystem {
    /// Names in a directory except `.` and `..`.
    static func names(in directory: String) throws(SystemProblem) -> [String] {
        do throws(FileFailure) {
            return try DirectoryListing.names(in: directory)
        } catch {
            throw SystemProblem(operation: error.operation, path: error.path, code: error.code)
        }
    }

    /// Writes a file, or replaces it in one step.
    static func replace(_ path: String, with bytes: [UInt8]) throws(SystemProblem) {
        do throws(FileFailure) {
            try WholeFile.write(bytes, to: path, permissions: 0o640)
        } catch {
            throw SystemProblem(operation: error.operation, path: error.path, code: error.code)
        }
    }

    /// The time by the clock that files are stamped with, in nanoseconds since 1970.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Nil when there is nothing at the path.
    static func status(_ path: String) throws(SystemProblem) -> OpenFile.Status? {
        var value = stat()
        guard stat(path, &value) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemProblem(operation: "examine", path: path, code: errno)
        }
        return OpenFile.Status(value)
    }

    /// Makes a directory and, where needed, those above it.
    static func makeDirectory(_ path: String) throws(SystemProblem) {
        do throws(FileFailure) {
            try DirectoryTree.make(path, permissions: 0o750)
        } catch {
            throw SystemProblem(operation: error.operation, path: error.path, code: error.code)
        }
    }

    /// Makes names that were added to or removed from a directory durable.
    static func syncDirectory(_ path: String) throws(SystemProblem) {
        try OpenFile(path, .read).sync()
    }

    /// Removes a file; it is no error when there is none.
    static func remove(_ path: String) throws(SystemProblem) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw SystemProblem(operation: "remove", path: path, code: errno)
        }
    }

    /// The whole of a small file.
    static func contents(of path: String, atMost limit: Int) throws(SystemProblem) -> [UInt8] {
        let file = try OpenFile(regular: path)
        let size = try file.size()
        guard size <= UInt64(limit) else { throw SystemProblem(operation: "read", path: path, code: EFBIG) }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = try bytes.withMutableBytes { buffer throws(SystemProblem) in try file.read(into: buffer, at: 0) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
