public import ArgumentParser
public import FlowModel

/// Times as people give them on a command line, resolved against a given present; all days are days in UTC.
public enum TimeArgument {
    /// The instant that `text` means; nil when it is no time.
    ///
    /// Understood: RFC 3339, `YYYY-MM-DD` (its midnight), `now`, `today`, `yesterday`, and a span back from now such as `90s`, `15m`, `12h`,
    /// `7d`, `2w`.
    public static func resolve(_ text: String, now: Timestamp) -> Timestamp? {
        if let instant = Timestamp(text) ?? Timestamp(text + "T00:00:00Z") { return instant }
        let day: Int64 = 86_400_000
        let nowMs = now.milliseconds
        let midnight = nowMs - ((nowMs % day) + day) % day
        switch text {
        case "now": return now
        case "today": return Timestamp(milliseconds: midnight)
        case "yesterday": return Timestamp(milliseconds: midnight - day)
        default: break
        }
        guard let unit = text.utf8.last, let count = Int64(text.dropLast()), count >= 0, count < 1_000_000,
            text.utf8.first.map({ $0 >= 48 && $0 <= 57 }) == true
        else { return nil }
        let size: Int64
        switch unit {
        case UInt8(ascii: "s"): size = 1_000
        case UInt8(ascii: "m"): size = 60_000
        case UInt8(ascii: "h"): size = 3_600_000
        case UInt8(ascii: "d"): size = day
        case UInt8(ascii: "w"): size = 7 * day
        default: return nil
        }
        return Timestamp(milliseconds: nowMs - count * size)
    }
}

/// The value of an option that takes a time.
public enum TimeOption {
    /// - Throws: a usage failure that names `option` and the forms that are understood.
    public static func parse(_ text: String?, option: String) throws -> Timestamp? {
        guard let text else { return nil }
        if let time = TimeArgument.resolve(text, now: Present.now) { return time }
        throw CommandFailure(
            .usage, "\(option) takes a time such as 2026-10-08T06:00:00Z, 2026-10-08, 7d or yesterday, not `\(text)`")
    }
}

/// A point in time as an argument, in the forms of `TimeArgument`.
public struct TimePoint: ExpressibleByArgument, Sendable {
    public let timestamp: Timestamp

    public init?(argument: String) {
        guard let time = TimeArgument.resolve(argument, now: Present.now) else { return nil }
        timestamp = time
    }
}
