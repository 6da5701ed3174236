import FlowModel
import Testing

@Suite struct ValueRangesTests {
    /// A time of this century is told from the same time in any other unit, whatever the time.
    @Test func unitsOfInstants() {
        var dice = Dice(3)
        let range = ValueRanges.instant
        let times =
            [range.lowerBound, range.lowerBound + 1_000, range.upperBound]
            + (0..<5_000).map { _ in dice.integer(in: range.lowerBound + 1_000...range.upperBound - 1_000) }
        for time in times {
            #expect(InstantUnit(of: time) == .milliseconds)
            #expect(InstantUnit(of: time / 1_000) == .seconds)
            #expect(InstantUnit(of: time * 1_000) == .microseconds)
            #expect(InstantUnit(of: time * 1_000_000) == .nanoseconds)
            #expect(Timestamp(milliseconds: time).isInRange)
            for other in [time / 1_000, time * 1_000, time * 1_000_000] { #expect(!Timestamp(milliseconds: other).isInRange) }
        }
        for value in [0, -1, 1, 100_000_000_000, 5_000_000_000_000, .max, .min] as [Int64] { #expect(InstantUnit(of: value) == nil) }
    }

    @Test func bounds() {
        #expect(Timestamp("2000-01-01T00:00:00Z") == Timestamp(milliseconds: ValueRanges.instant.lowerBound))
        #expect(Timestamp("2100-01-01T00:00:00Z") == Timestamp(milliseconds: ValueRanges.instant.upperBound))
        #expect(ValueRanges.bytes.upperBound == 9_007_199_254_740_992)
        // What is in range adds up a thousand times without coming near 64 bits.
        #expect(ValueRanges.bytes.upperBound.multipliedReportingOverflow(by: 1_000).overflow == false)
        // Any two instants are less than the longest duration apart.
        #expect(ValueRanges.instant.upperBound - ValueRanges.instant.lowerBound <= ValueRanges.durationMilliseconds.upperBound)
    }

    /// Nothing about an instant traps, whatever its number.
    @Test func extremes() {
        let numbers: [Int64] = [.min, .min + 1, -(1 << 53) - 1, -1, 0, 1, 1 << 53, (1 << 53) + 1, .max - 1, .max]
        for number in numbers {
            let time = Timestamp(milliseconds: number)
            #expect(!time.rfc3339.isEmpty)
            #expect((0..<86_400_000).contains(time.civil.millisecondOfDay))
            for offset in [Int.min, -1_440, -1, 0, 1, 1_440, .max] { #expect(!time.rfc3339(offsetMinutes: offset).isEmpty) }
            for delta in numbers {
                let (sum, overflow) = number.addingReportingOverflow(delta)
                #expect(time.advanced(byMilliseconds: delta).milliseconds == (overflow ? (delta > 0 ? .max : .min) : sum))
            }
            let date = CivilDate(daysSinceEpoch: Int(number))
            #expect((1...12).contains(date.month) && (1...31).contains(date.day) && (1...7).contains(date.isoWeekday))
        }
    }
}
