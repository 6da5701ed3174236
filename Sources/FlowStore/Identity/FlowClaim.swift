/// What a record says of when its connection was, as far as it decides which records with equal ids are of one connection.
package struct FlowClaim: Hashable, Comparable {
    package enum Kind: Int64 {
        case established = 1
        case closed
        case failed
        case denied
    }

    package var kind: Kind
    /// When the connection began, in milliseconds; absent where a closed event says nothing of it, or in a unit that it does not state.
    package var start: Int64
    /// When it ended or failed. Of established events the latest of those that follow each other at most twice `FlowDraft.tolerance` apart:
    /// whatever is near a moment between the first and the last is near one of them.
    package var end: Int64
    /// Of a closed event that does not state the unit: its duration as it stands.
    package var duration: Int64

    package init(_ kind: Kind, start: Int64 = FlowDraft.absent, end: Int64, duration: Int64 = FlowDraft.absent) {
        self.kind = kind
        self.start = start
        self.end = end
        self.duration = duration
    }

    package static func < (left: FlowClaim, right: FlowClaim) -> Bool {
        (left.kind.rawValue, left.start, left.end, left.duration) < (right.kind.rawValue, right.start, right.end, right.duration)
    }

    /// Statements of one connection that are kept. Honest connections have two or three.
    static let most = 256

    /// As a set: in order, each once, established events in runs.
    package static func united(_ claims: [FlowClaim]) -> [FlowClaim] {
        var kept: [FlowClaim] = []
        for claim in claims.sorted() {
            if let last = kept.last, last.kind == .established, claim.kind == .established,
                distance(last.end, claim.start) <= 2 * UInt64(FlowDraft.tolerance) || claim.start <= last.end
            {
                kept[kept.count - 1].end = max(last.end, claim.end)
            } else if kept.last != claim {
                kept.append(claim)
            }
        }
        return Array(kept.prefix(most))
    }

    /// Moments that stand for it where flows are looked up by when they began: any other start that belongs to it is at most twice
    /// `FlowDraft.tolerance` from one of them.
    var starts: [Int64] {
        switch kind {
        case .established: Array(stride(from: start, through: end, by: 2 * Int(FlowDraft.tolerance))) + [end]
        case .failed, .denied: [start]
        case .closed where duration != FlowDraft.absent:
            [1, 1_000].map { end.subtractingReportingOverflow(duration / $0).partialValue }
        case .closed: start == FlowDraft.absent ? [] : [start]
        }
    }

    /// Of a closed event without start, or a failed one: the latest at which its connection began.
    var looseEnd: Int64? {
        switch kind {
        case .failed: end
        case .closed: start == FlowDraft.absent && duration == FlowDraft.absent ? end : nil
        case .established, .denied: nil
        }
    }

    /// Whether any moment at which it may have begun lies in a range.
    @inline(__always)
    private func begins(from: Int64, through: Int64) -> Bool {
        switch kind {
        case .established: return start <= through && from <= end
        case .failed, .denied: return from <= start && start <= through
        case .closed:
            if duration != FlowDraft.absent {
                let first = end.subtractingReportingOverflow(duration).partialValue
                let second = end.subtractingReportingOverflow(duration / 1_000).partialValue
                return (from <= first && first <= through) || (from <= second && second <= through)
            }
            return start != FlowDraft.absent && from <= start && start <= through
        }
    }

    private func isNear(_ moment: Int64, within tolerance: Int64) -> Bool {
        begins(from: moment.saturatingAdd(-tolerance), through: moment.saturatingAdd(tolerance))
    }

    /// Whether both may have begun at moments at most `tolerance` apart.
    private func isNear(_ other: FlowClaim, within tolerance: Int64) -> Bool {
        if kind == .established {
            return other.begins(from: start.saturatingAdd(-tolerance), through: end.saturatingAdd(tolerance))
        }
        if kind == .closed, duration != FlowDraft.absent {
            return other.isNear(end.subtractingReportingOverflow(duration).partialValue, within: tolerance)
                || other.isNear(end.subtractingReportingOverflow(duration / 1_000).partialValue, within: tolerance)
        }
        return start != FlowDraft.absent && other.isNear(start, within: tolerance)
    }

    /// Whether both are of one connection; rules in `FlowLinks.swift`.
    package func links(to other: FlowClaim) -> Bool {
        switch (kind, other.kind) {
        case (.denied, .denied): return start == other.start
        case (.denied, _), (_, .denied): return false
        case (.failed, .failed): return start == other.start || end == other.end
        case (.established, .established): return isNear(other, within: 2 * FlowDraft.tolerance)
        case (.closed, .closed):
            if end == other.end, isNear(other, within: FlowDraft.tolerance) { return true }
            if isNear(other, within: 0) { return true }
        default:
            if isNear(other, within: FlowDraft.tolerance) { return true }
        }
        return isLoose(to: other) || other.isLoose(to: self)
    }

    private func isLoose(to other: FlowClaim) -> Bool {
        guard let end = looseEnd else { return false }
        return other.looseEnd == end
            || other.begins(from: end.saturatingAdd(-FlowDraft.maxLoose), through: end.saturatingAdd(FlowDraft.tolerance))
    }

    private static func distance(_ left: Int64, _ right: Int64) -> UInt64 {
        left >= right ? UInt64(bitPattern: left &- right) : UInt64(bitPattern: right &- left)
    }
}
