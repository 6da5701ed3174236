internal import Glibc
internal import TerminalSupport

/// Documents that a command leaves behind.
enum DocumentFile {
    /// Written beside and renamed, so that nobody ever reads half a policy.
    static func write(_ text: String, to path: String) throws {
        let draft = path + ".part"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CommandFailure(.environment, "cannot write `\(draft)`: \(String(cString: strerror(errno)))")
        }
        do {
            let output = OutputStream(descriptor: descriptor)
            try output.write(text)
            try output.flush()
            guard fsync(descriptor) == 0, close(descriptor) == 0, rename(draft, path) == 0 else {
                throw CommandFailure(.environment, "cannot write `\(path)`: \(String(cString: strerror(errno)))")
            }
        } catch {
            unlink(draft)
            throw error
        }
    }
}
