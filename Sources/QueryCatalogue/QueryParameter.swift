public import FlowModel

/// A value that a query takes by name.
public struct QueryParameter: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case text
        case integer
        case number
        /// `90s`, `15m`, `12h`, `7d`, `2w`, `250ms`; the statement sees milliseconds.
        case duration
        /// RFC 3339 or what else the command line takes for a time; the statement sees milliseconds of Unix time.
        case time
    }

    public var name: String
    public var kind: Kind
    /// The value when none is given; NULL is allowed and means that the parameter does not restrict anything.
    public var defaultValue: StoredValue
    /// The default as the file writes it; empty for NULL.
    public var defaultText: String
    public var isRequired: Bool
    public var description: String

    /// Names that every query may use without declaring them: the period that is asked about, in milliseconds of Unix time,
    /// `since` included, `until` excluded.
    public static let reserved: Set<String> = ["since", "until"]

    /// Reads a value as people write it. `now` resolves times that are relative.
    public func value(of text: String, resolvingTime: (String) -> Timestamp?) throws(QueryFailure) -> StoredValue {
        switch kind {
        case .text:
            return .text(text)
        case .integer:
            if let value = Int64(text) { return .integer(value) }
            throw QueryFailure(.usage, "parameter `\(name)` needs a whole number, not `\(text)`")
        case .number:
            if let value = Double(text), value.isFinite { return .real(value) }
            throw QueryFailure(.usage, "parameter `\(name)` needs a number, not `\(text)`")
        case .duration:
            if let value = QueryParameter.milliseconds(text) { return .integer(value) }
            throw QueryFailure(.usage, "parameter `\(name)` needs a duration such as `90s`, `15m`, `12h` or `7d`, not `\(text)`")
        case .time:
            if let value = resolvingTime(text) ?? Timestamp(text) { return .integer(value.milliseconds) }
            throw QueryFailure(.usage, "parameter `\(name)` needs a time such as `2026-10-08T06:00:00Z`, not `\(text)`")
        }
    }

    /// The longest span that is accepted: about three hundred years, so that sums with times stay within 64 bits.
    private static let maxMilliseconds: Int64 = 10_000_000_000_000

    static func milliseconds(_ text: String) -> Int64? {
        let units: [(suffix: String, size: Int64)] = [
            ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
        ]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let digits = text.dropLast(unit.suffix.count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let count = Int64(digits),
            count <= maxMilliseconds / unit.size
        else { return nil }
        return count * unit.size
    }

    /// A value as people read it.
    public func display(_ value: StoredValue) -> String {
        switch (kind, value) {
        case (_, .null): "none"
        case (.duration, .integer(let value)): Quantities.duration(milliseconds: value)
        case (.time, .integer(let value)): Timestamp(milliseconds: value).rfc3339
        default: value.plain
        }
    }
}
