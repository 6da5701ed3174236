/// What numbers from outside may be, whatever form they come in. A record with a number outside of its range is set aside.
///
/// The ranges are wide enough for everything that a Connector can mean, and narrow enough that sums and differences of what they let
/// through stay far within 64 bits: a database of a thousand million records adds up to less than 2⁶³ only when no single one of them is
/// absurd.
public enum ValueRanges {
    /// The largest whole number that every reader of JSON takes exactly: 2⁵³.
    public static let largestExact: Int64 = 1 << 53

    /// Bytes carried by one connection, 0…2⁵³: eight petabytes.
    public static let bytes: ClosedRange<Int64> = 0...largestExact

    /// Instants, in milliseconds: 2000-01-01T00:00:00Z…2100-01-01T00:00:00Z.
    ///
    /// A time of this century that was written in another unit is never in it: seconds read as milliseconds lie in 1970, microseconds and
    /// nanoseconds tens of thousands of years ahead. `InstantUnit` names the unit that was probably meant.
    public static let instant: ClosedRange<Int64> = 946_684_800_000...4_102_444_800_000

    /// Durations whose unit the source does not state: ±2⁵³. A negative one is what a clock that was set back leaves.
    public static let duration: ClosedRange<Int64> = -largestExact...largestExact

    /// Durations in milliseconds: ±100 years, as long as instants can be apart.
    public static let durationMilliseconds: ClosedRange<Int64> = -3_155_760_000_000...3_155_760_000_000

    public static let port: ClosedRange<Int64> = 0...65_535

    /// Sequence numbers, numbers of versions, and the counts of a journal's own records: 0…2⁵³.
    public static let count: ClosedRange<Int64> = 0...largestExact

    /// Ids are texts of at most so many bytes, without control characters. Decimal ids of the field have up to 20 digits.
    public static let maxIDLength = 255
}

/// The units in which shippers write instants, told apart by size.
public enum InstantUnit: String, Sendable, CaseIterable {
    case seconds
    case milliseconds
    case microseconds
    case nanoseconds

    /// The unit in which `value` is an instant within `ValueRanges.instant`; nil when there is none. The ranges do not meet.
    public init?(of value: Int64) {
        let instant = ValueRanges.instant
        switch value {
        case instant: self = .milliseconds
        case instant.lowerBound / 1_000...instant.upperBound / 1_000: self = .seconds
        case instant.lowerBound * 1_000...instant.upperBound * 1_000: self = .microseconds
        case instant.lowerBound * 1_000_000...instant.upperBound * 1_000_000: self = .nanoseconds
        default: return nil
        }
    }
}

extension Timestamp {
    /// Whether the instant lies within `ValueRanges.instant`.
    @inlinable
    public var isInRange: Bool { ValueRanges.instant.contains(milliseconds) }
}
