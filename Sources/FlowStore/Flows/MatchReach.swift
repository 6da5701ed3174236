/// How far apart in time two sources' words of one connection may be, in milliseconds.
package enum MatchReach {
    /// Sources take the same event's time at slightly different moments and cut it.
    package static let usual: Int64 = 1_000
    /// Synced events may leave out the seconds.
    package static let coarse: Int64 = 60_000
    /// Longer flows are not looked for by their end: a record of the end alone does not say how far back the start is.
    package static let maxByEnd: Int64 = 24 * 3_600_000
}
