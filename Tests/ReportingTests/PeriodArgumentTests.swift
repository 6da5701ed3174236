import Detection
import FlowModel
import QueryCatalogue
import QueryLibrary
import Reporting
import Testing

/// Periods as people name them. The present is Thursday, 2026-10-08, 12:34:56 UTC.
struct PeriodArgumentTests {
    static let now = Timestamp(milliseconds: 1_791_462_896_000)

    static func text(_ argument: String, now: Timestamp = now) -> String? {
        PeriodArgument(argument, now: now).map { argument in
            guard let since = argument.period.since, let until = argument.period.until else { return "open" }
            return "\(since.rfc3339.prefix(10)) \(until.rfc3339.prefix(10))"
        }
    }

    @Test(
        "names",
        arguments: [
            ("all", "open"),
            ("today", "2026-10-08 2026-10-09"),
            ("yesterday", "2026-10-07 2026-10-08"),
            ("this-week", "2026-10-05 2026-10-12"),
            ("last-week", "2026-09-28 2026-10-05"),
            ("this-month", "2026-10-01 2026-11-01"),
            ("last-month", "2026-09-01 2026-10-01"),
            ("2026", "2026-01-01 2027-01-01"),
            ("2026-Q1", "2026-01-01 2026-04-01"),
            ("2026-Q4", "2026-10-01 2027-01-01"),
            ("2026-02", "2026-02-01 2026-03-01"),
            ("2026-12", "2026-12-01 2027-01-01"),
            ("2026-W01", "2025-12-29 2026-01-05"),
            ("2026-W41", "2026-10-05 2026-10-12"),
            ("2026-W53", "2026-12-28 2027-01-04"),
            ("2024-02-29", "2024-02-29 2024-03-01"),
            ("2026-12-31", "2026-12-31 2027-01-01"),
        ])
    func names(argument: String, expected: String) {
        #expect(PeriodArgumentTests.text(argument) == expected)
    }

    @Test(
        "what is no period",
        arguments: [
            "", "tomorrow", "2026-", "2026-13", "2026-00", "2026-1", "2026-02-30", "2026-W00", "2025-W53", "2026-W1", "2026-W", "2026-Q5",
            "2026-Q", "26", "20266", "2026-10-08-01", "2026-10-08T00:00:00Z", "-2026", "２０２６", "2026-10-8", "Last-Week",
        ])
    func others(argument: String) {
        #expect(PeriodArgument(argument, now: PeriodArgumentTests.now) == nil)
    }

    @Test("the month before January is in the year before")
    func january() {
        let now = Timestamp(milliseconds: 1_767_225_600_000)
        #expect(PeriodArgumentTests.text("last-month", now: now) == "2025-12-01 2026-01-01")
        #expect(PeriodArgumentTests.text("yesterday", now: now) == "2025-12-31 2026-01-01")
    }

    @Test("weeks, months and quarters of a year follow each other without gap or overlap", arguments: 1970...2060)
    func partition(year: Int) throws {
        func chain(_ names: [String]) throws -> (Timestamp, Timestamp) {
            let periods = try names.map { try #require(PeriodArgument($0, now: PeriodArgumentTests.now)).period }
            for (left, right) in zip(periods, periods.dropFirst()) { #expect(left.until == right.since) }
            return (try #require(periods.first?.since), try #require(periods.last?.until))
        }
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let whole = try chain(["\(year)"])
        #expect(try chain((1...12).map { "\(year)-\(two($0))" }) == whole)
        #expect(try chain((1...4).map { "\(year)-Q\($0)" }) == whole)
        let hasLongYear = PeriodArgument("\(year)-W53", now: PeriodArgumentTests.now) != nil
        let weeks = try chain((1...(hasLongYear ? 53 : 52)).map { "\(year)-W\(two($0))" })
        let next = try chain(["\(year + 1)-W01"])
        #expect(weeks.1 == next.0)
        // Week 1 holds the first Thursday.
        #expect(abs(weeks.0.milliseconds - whole.0.milliseconds) < 4 * 86_400_000)
    }
}
