public import FlowModel

/// A stretch of time, its start included, its end not; an end that is nil is open.
public struct Period: Hashable, Sendable {
    public var since: Timestamp?
    public var until: Timestamp?

    public init(since: Timestamp? = nil, until: Timestamp? = nil) {
        self.since = since
        self.until = until
    }

    public static let all = Period()

    /// Statements see an open end as the years −271821 and 275760: sums with spans of time stay within 64 bits.
    static let earliest: Int64 = -8_640_000_000_000_000
    static let latest: Int64 = 8_640_000_000_000_000
    /// The roll-up counts by the hour.
    static let grain: Int64 = 3_600_000

    /// The bounds that statements see, widened to whole hours because the roll-up `access` counts by the hour.
    public var bounds: (since: Int64, until: Int64) {
        let since = since.map { max(Period.earliest, min(Period.latest, $0.milliseconds)) } ?? Period.earliest
        let until = until.map { max(Period.earliest, min(Period.latest, $0.milliseconds)) } ?? Period.latest
        return (Period.floor(since), Period.ceiling(until))
    }

    /// The period with its ends on whole hours.
    public var widened: Period {
        let bounds = bounds
        return Period(
            since: since.map { _ in Timestamp(milliseconds: bounds.since) },
            until: until.map { _ in Timestamp(milliseconds: bounds.until) })
    }

    private static func floor(_ value: Int64) -> Int64 {
        let rest = value % grain
        return rest < 0 ? value - rest - grain : value - rest
    }

    private static func ceiling(_ value: Int64) -> Int64 {
        let low = floor(value)
        return low == value ? value : low + grain
    }
}

extension Period: CustomStringConvertible {
    /// `2026-10-08T00:00:00Z – 2026-10-09T00:00:00Z`, with a word for an open end.
    public var description: String {
        switch (since, until) {
        case (nil, nil): "all time"
        case (let since?, nil): "since \(since.rfc3339)"
        case (nil, let until?): "before \(until.rfc3339)"
        case (let since?, let until?): "\(since.rfc3339) – \(until.rfc3339)"
        }
    }
}
