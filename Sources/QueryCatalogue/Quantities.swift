package import FlowModel

/// How quantities are written in sentences for people.
public enum Quantities {
    /// `45 s`, `5 min`, `1 h 30 min`, `2 d 4 h`; below a second in milliseconds.
    public static func duration(milliseconds: Int64) -> String {
        let sign = milliseconds < 0 ? "−" : ""
        let magnitude = milliseconds.magnitude
        if magnitude < 1_000 { return "\(sign)\(magnitude) ms" }
        let seconds = magnitude / 1_000
        let parts: [(size: UInt64, name: String)] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
        guard let index = parts.firstIndex(where: { seconds >= $0.size }) else { return "\(sign)\(seconds) s" }
        let first = seconds / parts[index].size
        var text = "\(sign)\(first) \(parts[index].name)"
        if index + 1 < parts.count {
            let second = seconds % parts[index].size / parts[index + 1].size
            if second > 0 { text += " \(second) \(parts[index + 1].name)" }
        }
        return text
    }

    /// `812 B`, `4.2 kB`, `1.3 GB`: decimal units. A sum that was cut off at 2^63−1 says that it is more.
    public static func bytes(_ count: Int64) -> String {
        if count == .max { return "more than 9.2 EB" }
        let sign = count < 0 ? "−" : ""
        let magnitude = count.magnitude
        if magnitude < 1_000 { return "\(sign)\(magnitude) B" }
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        var value = Double(magnitude) / 1_000
        var unit = 0
        while value >= 999.95, unit + 1 < units.count {
            value /= 1_000
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return "\(sign)\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// `1,234,567`.
    public static func count(_ number: Int64) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    public static func time(_ milliseconds: Int64) -> String {
        Timestamp(milliseconds: milliseconds).rfc3339
    }

    /// A value of a column as a sentence shows it; the column's name says what it measures.
    package static func value(_ value: StoredValue, column: String) -> String {
        switch value {
        case .null: return "unknown"
        case .integer(let number):
            if column == "first_seen" || column == "last_seen" || column.hasSuffix("_at") { return time(number) }
            if column.hasSuffix("_ms") { return duration(milliseconds: number) }
            if column.hasPrefix("bytes") || column.hasSuffix("_bytes") { return bytes(number) }
            return String(number)
        case .real(let number):
            return StoredValue.format((number * 100).rounded() / 100)
        case .text, .blob:
            return value.plain
        }
    }
}
