internal import Glibc

/// A line on standard error that says how far work has come. It shows itself only on a terminal and only after a second.
public final class Progress {
    private let total: Int64?
    private let unit: String
    private let enabled: Bool
    private let start = Progress.clock()
    private var lastDrawn = 0.0
    private var drawn = false
    private static let delay = 1.0
    /// Ten frames a second look smooth and cost nothing.
    private static let interval = 0.1

    /// `total`: bytes of all input, nil when unknown (a pipe).
    public init(totalBytes total: Int64?, unit: String, quiet: Bool) {
        self.total = total
        self.unit = unit
        enabled = !quiet && Terminal.standardErrorIsTerminal
    }

    public func update(bytes: Int64, count: Int64) {
        guard enabled else { return }
        let now = Progress.clock() - start
        guard now >= Progress.delay, now - lastDrawn >= Progress.interval else { return }
        lastDrawn = now
        drawn = true
        var line = "\(count) \(unit), \(Int64(Double(count) / now))/s"
        if let total, total > 0, bytes > 0 {
            let share = min(1, Double(bytes) / Double(total))
            line += ", \(Int(share * 100)) %, \(Progress.span(now / share - now)) left"
        }
        Progress.draw("\r\u{1b}[K" + line)
    }

    public func finish() {
        if drawn { Progress.draw("\r\u{1b}[K") }
    }

    private static func draw(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }

    public static func span(_ seconds: Double) -> String {
        let seconds = Int(max(0, min(seconds, 1e9)))
        if seconds < 60 { return "\(seconds) s" }
        return seconds < 3_600 ? "\(seconds / 60) min \(seconds % 60) s" : "\(seconds / 3_600) h \(seconds / 60 % 60) min"
    }

    /// Seconds of a clock that never steps back.
    public static func clock() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
