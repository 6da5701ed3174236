public import FlowModel
internal import Glibc

/// The present, where it is, and who is asking.
public enum Present {
    /// By the clock of the machine, to the millisecond.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// The name of whoever runs the program, or `uid NUMBER`.
    public static var actor: String {
        if let name = Terminal.environment("SUDO_USER") ?? Terminal.environment("USER") ?? Terminal.environment("LOGNAME") {
            return name
        }
        return "uid \(getuid())"
    }

    /// The machine's name; nil when it has none.
    public static var host: String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let isKnown = bytes.withUnsafeMutableBytes { buffer -> Bool in
            guard let base = buffer.baseAddress else { return false }
            return gethostname(base.assumingMemoryBound(to: CChar.self), buffer.count - 1) == 0
        }
        let name = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        return isKnown && !name.isEmpty ? name : nil
    }
}
