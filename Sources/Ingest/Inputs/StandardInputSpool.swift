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

    /// Reads from a descriptor to its end; `name` is for messages.
    init(reading source: Int32, name: String) throws(InputProblem) {
        let directory = TemporaryDirectory.path
        var template = Array(TemporaryDirectory.template.utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw InputProblem(
                .environment, path: name, "cannot make a temporary file in `\(directory)`: \(String(cString: strerror(errno))); set TMPDIR")
        }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        do {
            try fill(from: source, name, in: directory)
        } catch {
            close()
            throw error
        }
    }

    private func fill(from source: Int32, _ name: String, in directory: String) throws(InputProblem) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(source, buffer.baseAddress, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw InputProblem(.environment, path: name, "`\(name)`: cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return }
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
