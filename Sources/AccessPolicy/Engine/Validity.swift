public import FlowModel

/// A half-open interval of time: from `from` up to, not including, `until`.
public struct Validity: Hashable, Sendable {
    public var from: Timestamp
    public var until: Timestamp

    public static let always = Validity(from: .distantPast, until: .distantFuture)

    public init(from: Timestamp, until: Timestamp) {
        self.from = from
        self.until = until
    }

    @inlinable
    public func contains(_ time: Timestamp) -> Bool { time >= from && time < until }

    /// Cuts the interval at `boundary`, keeping the side on which `time` lies.
    @inlinable
    public mutating func cut(at boundary: Timestamp, keeping time: Timestamp) {
        if boundary <= time {
            if boundary > from { from = boundary }
        } else if boundary < until {
            until = boundary
        }
    }

    public func intersection(_ other: Validity) -> Validity {
        Validity(from: max(from, other.from), until: min(until, other.until))
    }
}
