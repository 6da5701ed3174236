/// Times as people give them on a command line, resolved against a given present; all days are days in UTC.
public enum TimeArgument {
    /// Milliseconds of Unix time for `text`; nil when it is no time.
    ///
    /// Understood: `YYYY-MM-DD` (its midnight), `now`, `today`, `yesterday`, and a span back from now such as `90s`, `15m`, `12h`, `7d`, `2w`.
    /// RFC 3339 instants are for the caller to try first.
    public static func resolve(_ text: String, nowMs: Int64) -> Int64? {
        let day: Int64 = 86_400_000
        let midnight = nowMs - ((nowMs % day) + day) % day
        switch text {
        case "now": return nowMs
        case "today": return midnight
        case "yesterday": return midnight - day
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
        return nowMs - count * size
    }
}
