internal import Detection
public import FlowModel
public import QueryLibrary

/// A period as people name it; all days are days in UTC.
public struct PeriodArgument: Hashable, Sendable {
    public var period: Period
    /// The name as it was given, for titles and file names.
    public var name: String

    /// What can be given, for messages and help.
    public static let forms =
        "today, yesterday, this-week, last-week, this-month, last-month, 2026, 2026-Q4, 2026-10, 2026-W40, 2026-10-08, all"

    public init(period: Period, name: String) {
        self.period = period
        self.name = name
    }

    /// Resolves `text` against `now`. Nil when it is no period. A period may lie in the future or reach into it.
    ///
    /// Weeks are those of ISO 8601: they begin on Monday, and week 1 holds the first Thursday of its year.
    public init?(_ text: String, now: Timestamp) {
        let today = now.civil.date.daysSinceEpoch
        let bounds: (Int, Int)?
        switch text {
        case "all":
            self.init(period: .all, name: text)
            return
        case "today": bounds = (today, today + 1)
        case "yesterday": bounds = (today - 1, today)
        case "this-week", "last-week":
            let monday = today - now.civil.date.isoWeekday + 1
            bounds = text == "this-week" ? (monday, monday + 7) : (monday - 7, monday)
        case "this-month", "last-month":
            let date = now.civil.date
            let previous = date.month == 1 ? (date.year - 1, 12) : (date.year, date.month - 1)
            bounds =
                text == "this-month"
                ? PeriodArgument.months(date.year, date.month, 1) : PeriodArgument.months(previous.0, previous.1, 1)
        default: bounds = PeriodArgument.calendar(text)
        }
        guard let (first, end) = bounds else { return nil }
        self.init(
            period: Period(since: PeriodArgument.midnight(first), until: PeriodArgument.midnight(end)), name: text)
    }

    private static func midnight(_ day: Int) -> Timestamp { Timestamp(milliseconds: Int64(day) * 86_400_000) }

    /// `2026`, `2026-Q4`, `2026-10`, `2026-W40`, `2026-10-08`: first day and the day after the last.
    private static func calendar(_ text: String) -> (Int, Int)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = parts.first, first.utf8.count == 4, let year = number(first) else { return nil }
        if parts.count == 1 { return months(year, 1, 12) }
        if parts.count == 2, parts[1].hasPrefix("Q"), let quarter = number(parts[1].dropFirst()), (1...4).contains(quarter) {
            return months(year, quarter * 3 - 2, 3)
        }
        if parts.count == 2, parts[1].hasPrefix("W"), parts[1].utf8.count == 3, let week = number(parts[1].dropFirst()) {
            return self.week(year, week)
        }
        guard parts.count <= 3, parts[1].utf8.count == 2, let month = number(parts[1]), (1...12).contains(month) else { return nil }
        if parts.count == 2 { return months(year, month, 1) }
        guard parts[2].utf8.count == 2, let day = number(parts[2]), let date = CivilDate(year: year, month: month, day: day) else {
            return nil
        }
        return (date.daysSinceEpoch, date.daysSinceEpoch + 1)
    }

    private static func number(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return Int(text)
    }

    private static func months(_ year: Int, _ month: Int, _ count: Int) -> (Int, Int)? {
        let after = month + count - 1
        guard let first = CivilDate(year: year, month: month, day: 1),
            let end = CivilDate(year: year + after / 12, month: after % 12 + 1, day: 1)
        else { return nil }
        return (first.daysSinceEpoch, end.daysSinceEpoch)
    }

    private static func week(_ year: Int, _ week: Int) -> (Int, Int)? {
        guard let first = firstMonday(year), let next = firstMonday(year + 1), week >= 1 else { return nil }
        let monday = first + (week - 1) * 7
        return monday < next ? (monday, monday + 7) : nil
    }

    /// The Monday of week 1: the week that holds 4 January.
    private static func firstMonday(_ year: Int) -> Int? {
        guard let fourth = CivilDate(year: year, month: 1, day: 4) else { return nil }
        return fourth.daysSinceEpoch - fourth.isoWeekday + 1
    }
}
