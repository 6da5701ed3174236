extension Int64 {
    /// The sum, or what of it fits: a sum of what is not negative that reached 2^63−1 stays there, whatever is added.
    @inline(__always)
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or what of it fits.
    @inline(__always)
    func subtractingSaturating(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }

    /// A sum that may have been cut off at 2^63−1 after something was added to it, or taken from it: what was cut off stays so.
    @inline(__always)
    func changedSum(by change: Int64) -> Int64 { self == .max ? .max : addingSaturating(change) }
}
