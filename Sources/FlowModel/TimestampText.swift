/// Text forms of instants: RFC 3339 and the looser forms that logs of the field use.
extension Timestamp {
    /// Reads `2026-10-08T06:00:00Z`, with `T`, `t` or a blank between date and time, seconds optional, 0–9 fraction digits
    /// (finer than a millisecond is cut off), and a zone that is `Z`, ` UTC` or `±hh:mm`. Anything else gives nil.
    ///
    /// Source: RFC 3339 §5.6, and the forms seen in network event reports and synced objects.
    public init?(_ text: some StringProtocol) {
        var copy = String(text)
        let value = copy.withUTF8 { Timestamp.parse(UnsafeRawBufferPointer($0)) }
        guard let value else { return nil }
        self = value
    }

    /// As `init(_:)`, from bytes.
    public static func parse(_ bytes: UnsafeRawBufferPointer) -> Timestamp? {
        var reader = DigitReader(bytes: bytes)
        guard let year = reader.digits(4), reader.take(UInt8(ascii: "-")),
            let month = reader.digits(2), reader.take(UInt8(ascii: "-")),
            let day = reader.digits(2), let date = CivilDate(year: year, month: month, day: day),
            reader.take(UInt8(ascii: "T")) || reader.take(UInt8(ascii: "t")) || reader.take(UInt8(ascii: " ")),
            let hour = reader.digits(2), hour < 24, reader.take(UInt8(ascii: ":")),
            let minute = reader.digits(2), minute < 60
        else { return nil }
        var second = 0
        var fraction = 0
        if reader.take(UInt8(ascii: ":")) {
            // 60 is a leap second: counted as the following second's start, as Unix time does.
            guard let value = reader.digits(2), value <= 60 else { return nil }
            second = value
            if reader.take(UInt8(ascii: ".")) {
                guard let value = reader.fractionMilliseconds() else { return nil }
                fraction = value
            }
        }
        guard let offsetMinutes = reader.zone(), reader.isAtEnd else { return nil }
        let minutes = (date.daysSinceEpoch * 24 + hour) * 60 + minute - offsetMinutes
        return Timestamp(milliseconds: Int64((minutes * 60 + second) * 1_000 + fraction))
    }

    /// RFC 3339 in UTC; the fraction is written, with three digits, only when it is not zero.
    public var rfc3339: String {
        let (date, milliseconds) = civil
        return Timestamp.write(date: date, millisecondOfDay: milliseconds, separator: "T", zone: "Z")
    }

    /// As `rfc3339`, for a place that is `offsetMinutes` east of UTC: `2026-10-08T08:00:00+02:00`. RFC 3339 has offsets of less than a
    /// day; a larger one counts as the largest.
    public func rfc3339(offsetMinutes: Int) -> String {
        let offsetMinutes = min(max(offsetMinutes, -1_439), 1_439)
        guard offsetMinutes != 0 else { return rfc3339 }
        let (date, milliseconds) = advanced(byMilliseconds: Int64(offsetMinutes) * 60_000).civil
        let size = abs(offsetMinutes)
        let zone = (offsetMinutes < 0 ? "-" : "+") + pad(size / 60, 2) + ":" + pad(size % 60, 2)
        return Timestamp.write(date: date, millisecondOfDay: milliseconds, separator: "T", zone: zone)
    }

    /// The calendar day in UTC and the milliseconds since its midnight.
    public var civil: (date: CivilDate, millisecondOfDay: Int) {
        let day = Int64(86_400_000)
        var days = milliseconds / day
        var rest = milliseconds % day
        if rest < 0 {
            days -= 1
            rest += day
        }
        return (CivilDate(daysSinceEpoch: Int(days)), Int(rest))
    }

    private static func write(date: CivilDate, millisecondOfDay: Int, separator: String, zone: String) -> String {
        let seconds = millisecondOfDay / 1_000
        let fraction = millisecondOfDay % 1_000
        let day = pad(date.year, 4) + "-" + pad(date.month, 2) + "-" + pad(date.day, 2)
        let time = pad(seconds / 3_600, 2) + ":" + pad(seconds / 60 % 60, 2) + ":" + pad(seconds % 60, 2)
        return day + separator + time + (fraction == 0 ? "" : "." + pad(fraction, 3)) + zone
    }
}

extension Timestamp: CustomStringConvertible {
    public var description: String { rfc3339 }
}

private func pad(_ value: Int, _ width: Int) -> String {
    let digits = String(abs(value))
    let zeros = String(repeating: "0", count: max(0, width - digits.utf8.count))
    return (value < 0 ? "-" : "") + zeros + digits
}

/// A cursor over ASCII digits and marks.
private struct DigitReader {
    let bytes: UnsafeRawBufferPointer
    var index = 0

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        guard index + count <= bytes.count else { return nil }
        var value = 0
        for offset in 0..<count {
            let digit = Int(bytes[index + offset]) - 48
            guard (0...9).contains(digit) else { return nil }
            value = value * 10 + digit
        }
        index += count
        return value
    }

    mutating func fractionMilliseconds() -> Int? {
        var value = 0
        var count = 0
        while index < bytes.count, bytes[index] >= 48, bytes[index] <= 57 {
            guard count < 9 else { return nil }
            if count < 3 { value = value * 10 + Int(bytes[index]) - 48 }
            count += 1
            index += 1
        }
        guard count > 0 else { return nil }
        for _ in 0..<max(0, 3 - count) { value *= 10 }
        return value
    }

    /// Minutes east of UTC.
    mutating func zone() -> Int? {
        if take(UInt8(ascii: "Z")) || take(UInt8(ascii: "z")) { return 0 }
        if take(UInt8(ascii: " ")) {
            return take(UInt8(ascii: "U")) && take(UInt8(ascii: "T")) && take(UInt8(ascii: "C")) ? 0 : nil
        }
        let sign: Int
        if take(UInt8(ascii: "+")) {
            sign = 1
        } else if take(UInt8(ascii: "-")) {
            sign = -1
        } else {
            return nil
        }
        guard let hours = digits(2), hours < 24 else { return nil }
        _ = take(UInt8(ascii: ":"))
        guard let minutes = digits(2), minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
