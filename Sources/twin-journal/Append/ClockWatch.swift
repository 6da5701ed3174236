import FlowModel
import Glibc
import TerminalSupport
import TextEncodings

/// Notices that the host's clock was set, by holding it against one that never steps.
struct ClockWatch {
    /// Slewing and scheduling stay far below this.
    private static let toleranceMs: Int64 = 1_000

    struct Step {
        var from: Timestamp
        var to: Timestamp
    }

    private var difference = ClockWatch.difference()

    /// The step since the last call, if there was one.
    mutating func step() -> Step? {
        let now = ClockWatch.difference()
        let change = now - difference
        guard abs(change) > ClockWatch.toleranceMs else { return nil }
        difference = now
        let wall = Present.now
        return Step(from: wall.advanced(byMilliseconds: -change), to: wall)
    }

    /// The record `clock_adjusted`.
    static func record(_ step: Step) -> [UInt8]? {
        JSONWriter.object(.record) {
            $0.member("event_type", "clock_adjusted")
            $0.member("timestamp", step.to.milliseconds)
            $0.member("from", step.from.milliseconds)
            $0.member("to", step.to.milliseconds)
        }
    }

    /// Milliseconds that the time of day is ahead of the time since the machine started, suspended or not.
    private static func difference() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Present.now.milliseconds - (Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
