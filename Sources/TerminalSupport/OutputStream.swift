internal import Glibc

/// A buffered writer to a file descriptor.
///
/// A reader that went away (`| head`) ends the program quietly with status 0: nobody is left to read what would follow.
public final class OutputStream {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Large enough that system calls don't count, small enough that a reader sees lines soon.
    private static let capacity = 1 << 16

    public init(descriptor: Int32 = 1) {
        self.descriptor = descriptor
        buffer.reserveCapacity(OutputStream.capacity)
        // A write to a closed pipe is then an error that `flush` handles, not a signal.
        signal(SIGPIPE, SIG_IGN)
    }

    public func write(_ text: String) throws {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= OutputStream.capacity { try flush() }
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= OutputStream.capacity { try flush() }
    }

    public func flush() throws {
        var start = 0
        while start < buffer.count {
            let written = buffer.withUnsafeBytes { bytes -> Int in
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            }
            if written < 0 {
                if errno == EINTR { continue }
                if errno == EPIPE { exit(ExitStatus.clean.rawValue) }
                throw CommandFailure(.environment, "cannot write output: \(String(cString: strerror(errno)))")
            }
            start += written
        }
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Messages, progress and summaries: everything that is not a result goes to standard error.
public enum Message {
    /// Writes one line; text from outside must have been escaped.
    public static func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }

    public static func error(_ text: String) {
        write("error: \(text)")
    }

    public static func warning(_ text: String) {
        write("warning: \(text)")
    }
}
