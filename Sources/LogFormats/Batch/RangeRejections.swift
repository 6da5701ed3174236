import FlowModel

/// Values that a field cannot hold, told in one way for all forms.
extension Rejection {
    /// A number outside of a field's range; `value` where it has 64 bits.
    static func outside(_ range: ClosedRange<Int64>, _ field: String, _ value: Int64? = nil) -> Rejection {
        guard range == ValueRanges.instant else {
            return Rejection(.numberOutOfRange, "`\(field)` is outside of \(range.lowerBound)…\(range.upperBound)")
        }
        let looks = value.flatMap(InstantUnit.init(of:)).map { "; it looks like \($0.rawValue), which the source must be told" } ?? ""
        return Rejection(.numberOutOfRange, "`\(field)` is outside of \(instants) in milliseconds\(looks)")
    }

    /// The instant of a text; `bad-value` when it lies where no event can.
    static func check(_ time: Timestamp, _ field: String) throws(Rejection) -> Timestamp {
        guard time.isInRange else { throw Rejection(.badValue, "`\(field)` is outside of \(instants)") }
        return time
    }

    private static let instants: String = {
        let range = ValueRanges.instant
        let (first, last) = (Timestamp(milliseconds: range.lowerBound), Timestamp(milliseconds: range.upperBound))
        return "\(first)…\(last)"
    }()

    /// What is wrong with an id; nil when nothing is.
    static func ofID(field: String, _ text: String, maxLength: Int) -> Rejection? {
        if text.utf8.contains(where: { $0 < 0x20 }) { return Rejection(.badValue, "`\(field)` holds a control character") }
        if text.utf8.count > maxLength { return Rejection(.badValue, "`\(field)` is longer than \(maxLength) bytes") }
        return nil
    }
}
