public import FlowModel

/// The days that a simulation covers.
public struct SimulatedPeriod: Hashable, Sendable {
    public var start: Timestamp
    public var days: Int

    public init(start: Timestamp, days: Int) {
        self.start = start
        self.days = days
    }

    /// Exclusive.
    public var end: Timestamp { start.advanced(byMilliseconds: Int64(days) * SimulatedPeriod.millisecondsPerDay) }

    public static let millisecondsPerDay: Int64 = 86_400_000
    /// Traffic is made minute by minute.
    static let millisecondsPerMinute: Int64 = 60_000
    /// Ten years; a period that long at one flow a second is more than any disk holds.
    public static let dayRange = 1...3_660

    var minutes: Int { days * 1_440 }
}

/// How busy a minute of the week is, in UTC.
///
/// A working day with a dip at noon and a quiet night; Saturdays and Sundays an eighth of it, because machines and few people work.
struct WorkingWeek: Sendable {
    private static let hours = [2, 1, 1, 1, 2, 4, 8, 18, 32, 40, 40, 36, 28, 36, 40, 38, 32, 22, 14, 10, 8, 6, 4, 3]
    private static let weekendDivisor = 8
    private static let scale = 8

    private let startMinute: Int

    init(period: SimulatedPeriod) {
        startMinute = Int(period.start.milliseconds / SimulatedPeriod.millisecondsPerMinute)
    }

    /// The weight of the minute that is `index` minutes after the period's start.
    func weight(ofMinute index: Int) -> Int {
        let minute = startMinute + index
        let day = minute >= 0 ? minute / 1_440 : (minute - 1_439) / 1_440
        let hour = (minute - day * 1_440) / 60
        let isWeekend = CivilDate(daysSinceEpoch: day).isoWeekday > 5
        let weight = WorkingWeek.hours[hour] * WorkingWeek.scale
        return isWeekend ? weight / WorkingWeek.weekendDivisor : weight
    }

    func totalWeight(minutes: Int) -> Int {
        var total = 0
        for index in 0..<minutes { total += weight(ofMinute: index) }
        return total
    }

    /// The moments of `count` policy changes: at equal shares of the work done in the period, on a full minute, all distinct.
    func changeTimes(count: Int, period: SimulatedPeriod) -> [Timestamp] {
        guard count > 0 else { return [] }
        let total = totalWeight(minutes: period.minutes)
        var times: [Timestamp] = []
        var done = 0
        var last = 0
        for index in 0..<period.minutes where times.count < count {
            done += weight(ofMinute: index)
            guard done * (count + 1) >= total * (times.count + 1), index > last else { continue }
            times.append(period.start.advanced(byMilliseconds: Int64(index) * SimulatedPeriod.millisecondsPerMinute))
            last = index
        }
        return times
    }
}
