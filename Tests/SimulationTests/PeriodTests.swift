import FlowModel
import Testing

@testable import Simulation

struct PeriodTests {
    private static let monday = SimulationOptions.defaultStart

    @Test("the default start is a Monday at midnight")
    func defaultStart() {
        #expect(PeriodTests.monday.rfc3339 == "2026-10-05T00:00:00Z")
        #expect(PeriodTests.monday.civil.date.isoWeekday == 1)
    }

    @Test("days are busy, nights and weekends are not")
    func weights() {
        let week = WorkingWeek(period: SimulatedPeriod(start: PeriodTests.monday, days: 7))
        func weight(day: Int, hour: Int) -> Int { week.weight(ofMinute: day * 1_440 + hour * 60 + 30) }
        #expect(weight(day: 0, hour: 10) == 320)
        #expect(weight(day: 0, hour: 12) < weight(day: 0, hour: 10))
        #expect(weight(day: 0, hour: 3) * 20 < weight(day: 0, hour: 10))
        #expect(weight(day: 5, hour: 10) * 8 == weight(day: 4, hour: 10))
        #expect(weight(day: 6, hour: 10) == weight(day: 5, hour: 10))
    }

    @Test("changes are distinct, ascending and inside the period", arguments: [(1, 1), (1, 2), (1, 96), (7, 5), (30, 2_000)])
    func changes(days: Int, count: Int) {
        let period = SimulatedPeriod(start: PeriodTests.monday, days: days)
        let times = WorkingWeek(period: period).changeTimes(count: count, period: period)
        #expect(times.count == count)
        #expect(times == Set(times).sorted())
        #expect(times.allSatisfy { $0 > period.start && $0 < period.end && $0.milliseconds % 60_000 == 0 })
    }
}
