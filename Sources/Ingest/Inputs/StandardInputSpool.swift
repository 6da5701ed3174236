internal import FlowStore
internal import Glibc

/// Where temporary files go.
public enum TemporaryDirectory {
    /// `$TMPDIR`, and `/tmp` where that is not set or empty.
    public static var path: String {
        guard let named = getenv("TMPDIR"), named.pointee != 0 else { return "/tmp" }
        return String(cString: named)
    }

    /// For `mkstemp` and `mkdtemp`, which put a name of their own in the place of the marks.
    public static var template: String { path + "/twin-audit-XXXXXX" }
}

/// Standard input or a pipe, written to a file without a name, so that it can be looked at twice like any other file.
struct StandardInputSpool {
    let descriptor: Int32
    /// A path that leads to the file as long as the spool is open.
    var path: String { "/proc/self/fd/\(descriptor)" }

    /// How long a wait for input lasts before it is asked whether to stop.
    private static let patienceMilliseconds: Int32 = 200

    /// Reads from a descriptor to its end; `name` is for messages. Nil when told to stop before that.
    init?(reading source: Int32, name: String, shouldStop: () -> Bool) throws(InputProblem) {
        let directory = TemporaryDirectory.path
        var template = Array(TemporaryDirectory.template.utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw InputProblem(
                .environment, path: name, "cannot make a temporary file in `\(directory)`: \(String(cString: strerror(errno))); set TMPDIR")
        }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var isWhole = false
        defer { if !isWhole { close() } }
        isWhole = try fill(from: source, name, in: directory, shouldStop)
        if !isWhole { return nil }
    }

    /// Waits until there is something to read, or nothing any more. False when told to stop.
    private static func wait(for source: Int32, _ shouldStop: () -> Bool) -> Bool {
        var request = pollfd(fd: source, events: Int16(POLLIN), revents: 0)
        while true {
            let ready = poll(&request, 1, patienceMilliseconds)
            // What cannot be waited for is read, and says what is wrong.
            if ready > 0 || ready < 0 && errno != EINTR { return true }
            if shouldStop() { return false }
        }
    }

    /// False when told to stop.
    private func fill(
        from source: Int32, _ name: String, in directory: String, _ shouldStop: () -> Bool
    ) throws(InputProblem) -> Bool {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            guard !shouldStop(), StandardInputSpool.wait(for: source, shouldStop) else { return false }
            let count = read(source, buffer.baseAddress, buffer.count)
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                throw InputProblem(.environment, path: name, "`\(name)`: cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return true }
            var start = 0
            while start < count {
                let written = write(descriptor, buffer.baseAddress.map { $0 + start }, count - start)
                guard written >= 0 else {
                    if errno == EINTR { continue }
                    throw InputProblem(
                        .environment, path: name, "cannot keep `\(name)` in `\(directory)`: \(String(cString: strerror(errno))); set TMPDIR"
                    )
                }
                start += written
            }
        }
    }

    func close() {
        Glibc.close(descriptor)
    }
}
