import FlowModel
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-10-08T06:00:00Z", 1_791_439_200_000),
            ("2024-02-20 20:16:05.92 UTC", 1_708_460_165_920),
            ("2021-08-15T14:30Z", 1_629_037_800_000), ("2026-03-27T10:00:00.000000+00:00", 1_774_605_600_000),
            ("2026-10-08t06:00:00.1z", 1_791_439_200_100), ("2026-10-08T08:00:00+02:00", 1_791_439_200_000),
            ("2026-10-08T08:00:00+0200", 1_791_439_200_000), ("2026-10-07T18:30:00-11:30", 1_791_439_200_000),
            ("2026-10-08T06:00:00.123456789Z", 1_791_439_200_123), ("1969-12-31T23:59:59.999Z", -1),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)])
    func read(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(text) == Timestamp(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "", "2026", "2026-10-08", "2026-10-08T06:00:00", "2026-10-08T06:00:00 Z", "2026-13-08T06:00:00Z", "2026-00-08T06:00:00Z",
        "2026-02-29T06:00:00Z", "1900-02-29T00:00:00Z", "2026-10-32T06:00:00Z", "2026-10-08T24:00:00Z", "2026-10-08T06:60:00Z",
        "2026-10-08T06:00:61Z", "2026-10-08T06:00:00.Z", "2026-10-08T06:00:00.1234567890Z", "2026-10-08T06:00:00+24:00",
        "2026-10-08T06:00:00+02:60", "2026-10-08T06:00:00+2:00", "2026-10-08T06:00:00Zx", " 2026-10-08T06:00:00Z",
        "2026-10-8T06:00:00Z",
        "20261008T060000Z", "+026-10-08T06:00:00Z", "2026-10-08T06:00:00 utc", "２０２６-10-08T06:00:00Z",
    ])
    func refused(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1_791_439_200_000, "2026-10-08T06:00:00Z"),
            (1_791_439_200_001, "2026-10-08T06:00:00.001Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (-62_167_219_200_000, "0000-01-01T00:00:00Z"),
            (253_402_300_800_000, "10000-01-01T00:00:00Z"),
        ] as [(Int64, String)])
    func written(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test(arguments: [
        (120, "2026-10-08T08:00:00+02:00"), (-690, "2026-10-07T18:30:00-11:30"), (0, "2026-10-08T06:00:00Z"),
        (345, "2026-10-08T11:45:00+05:45"),
    ])
    func writtenElsewhere(_ offset: Int, _ text: String) {
        #expect(Timestamp(milliseconds: 1_791_439_200_000).rfc3339(offsetMinutes: offset) == text)
    }

    /// Reading inverts writing, in any zone.
    @Test func inverse() {
        var dice = Dice(1)
        for _ in 0..<20_000 {
            let time = Timestamp(milliseconds: dice.integer(in: -62_135_596_800_000...253_402_300_799_999))
            #expect(Timestamp(time.rfc3339) == time)
            let inside = Timestamp(milliseconds: dice.integer(in: 0...4_102_444_800_000))
            #expect(Timestamp(inside.rfc3339(offsetMinutes: Int(dice.integer(in: -1_439...1_439)))) == inside)
        }
    }

    /// The order of instants is the order of their texts.
    @Test func order() {
        var dice = Dice(2)
        for _ in 0..<5_000 {
            let left = Timestamp(milliseconds: dice.integer(in: 0...253_402_300_799) * 1_000)
            let right = Timestamp(milliseconds: dice.integer(in: 0...253_402_300_799) * 1_000)
            #expect((left < right) == (left.rfc3339 < right.rfc3339))
        }
    }

    @Test func advancingStopsAtTheEnds() {
        #expect(Timestamp(milliseconds: 5).advanced(byMilliseconds: -7) == Timestamp(milliseconds: -2))
        #expect(Timestamp.distantFuture.advanced(byMilliseconds: 1) == .distantFuture)
        #expect(Timestamp.distantPast.advanced(byMilliseconds: -1) == .distantPast)
        #expect(Timestamp(milliseconds: .max - 1).advanced(byMilliseconds: .max) == .distantFuture)
    }

    /// Any instant can be printed: nothing traps at the ends of the range.
    @Test func extremesHaveAText() {
        for time in [Timestamp.distantPast, .distantFuture] {
            #expect(!time.rfc3339.isEmpty)
            #expect(!time.rfc3339(offsetMinutes: 60).isEmpty)
        }
    }

    @Test func civil() {
        let (date, milliseconds) = Timestamp(milliseconds: -1).civil
        #expect(CivilDate(year: 1969, month: 12, day: 31) == date)
        #expect(milliseconds == 86_399_999)
    }
}

@Suite struct CivilDateTests {
    /// Day by day over 800 years, the calendar advances as calendars do.
    @Test func everyDay() throws {
        var date = try #require(CivilDate(year: 1600, month: 1, day: 1))
        var day = date.daysSinceEpoch
        #expect(day == -135_140)
        var weekday = date.isoWeekday
        #expect(weekday == 6)
        while date.year < 2400 {
            var next = date
            if date.day < CivilDate.length(ofMonth: date.month, year: date.year) {
                next.day += 1
            } else if date.month < 12 {
                (next.month, next.day) = (date.month + 1, 1)
            } else {
                (next.year, next.month, next.day) = (date.year + 1, 1, 1)
            }
            day += 1
            weekday = weekday % 7 + 1
            guard next.daysSinceEpoch == day, CivilDate(daysSinceEpoch: day) == next, next.isoWeekday == weekday else {
                Issue.record("\(next) is wrong")
                return
            }
            date = next
        }
    }

    @Test(arguments: [
        (2026, 2, 28, true), (2026, 2, 29, false), (2024, 2, 29, true), (1900, 2, 29, false), (2000, 2, 29, true),
        (2026, 4, 31, false),
        (2026, 13, 1, false), (2026, 0, 1, false), (2026, 1, 0, false), (-4, 2, 29, true), (200_000, 1, 1, false),
    ])
    func exists(_ year: Int, _ month: Int, _ day: Int, _ exists: Bool) {
        #expect((CivilDate(year: year, month: month, day: day) != nil) == exists)
    }

    @Test(arguments: [("2026-09-14", 1), ("1970-01-01", 4), ("2000-01-01", 6), ("1969-12-28", 7), ("2024-02-29", 4)])
    func weekdays(_ text: String, _ weekday: Int) {
        #expect(Timestamp(text + "T00:00:00Z")?.civil.date.isoWeekday == weekday)
    }

    @Test func inverseFarAway() {
        var dice = Dice(3)
        for _ in 0..<10_000 {
            let day = Int(dice.integer(in: -30_000_000...30_000_000))
            #expect(CivilDate(daysSinceEpoch: day).daysSinceEpoch == day)
        }
    }
}
