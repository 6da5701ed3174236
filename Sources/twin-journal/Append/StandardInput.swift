import Glibc
import TerminalSupport

/// Journals what arrives on standard input until it ends or the program is told to stop.
enum StandardInput {
    private static let pieceBytes = 1 << 18
    /// A signal that arrives between a check and a wait is noticed after this long.
    private static let maxWaitMs: Int64 = 1_000

    static func run(_ session: AppendSession) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
        defer { buffer.deallocate() }
        var lines = LineAssembler()
        while !StopSignal.isRaised {
            var entry = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
            let wait = min(maxWaitMs, max(0, session.patience ?? maxWaitMs))
            let ready = poll(&entry, 1, Int32(wait))
            if ready < 0, errno != EINTR {
                throw CommandFailure(.environment, "cannot wait for standard input: \(String(cString: strerror(errno)))")
            }
            if ready > 0 {
                let count = read(0, buffer.baseAddress, buffer.count)
                if count < 0 {
                    if errno == EINTR || errno == EAGAIN { continue }
                    throw CommandFailure(.environment, "cannot read standard input: \(String(cString: strerror(errno)))")
                }
                if count == 0 { break }
                try lines.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { line, _ in try session.take(line) }
            }
            try session.tick()
        }
        try lines.finish { line, _ in try session.take(line) }
    }
}
