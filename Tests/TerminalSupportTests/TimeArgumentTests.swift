import FlowModel
import TerminalSupport
import Testing

struct TimeArgumentTests {
    /// 2026-10-08T06:00:00Z
    static let now = Timestamp(milliseconds: 1_791_439_200_000)

    @Test(
        "instants and days are those that are written, words and spans resolve against the present",
        arguments: [
            ("2026-10-08T06:00:00Z", 1_791_439_200_000), ("2026-10-08T08:00:00+02:00", 1_791_439_200_000),
            ("2026-10-08", 1_791_417_600_000), ("1970-01-01", 0), ("now", 1_791_439_200_000), ("today", 1_791_417_600_000),
            ("yesterday", 1_791_331_200_000), ("90s", 1_791_439_110_000), ("15m", 1_791_438_300_000), ("12h", 1_791_396_000_000),
            ("7d", 1_790_834_400_000), ("2w", 1_790_229_600_000), ("d", nil), ("-7d", nil), ("7x", nil), ("", nil),
            ("99999999999999999999d", nil), ("2026-10", nil), ("2026-02-30", nil), ("2026-10-08T06:00", nil), ("tomorrow", nil),
        ] as [(String, Int64?)])
    func resolve(text: String, want: Int64?) {
        #expect(TimeArgument.resolve(text, now: TimeArgumentTests.now)?.milliseconds == want)
        #expect((TimePoint(argument: text) == nil) == (want == nil), "an argument takes the same forms")
        let parsed = Result { try TimeOption.parse(text, option: "--at") }
        switch parsed {
        case .success(let time): #expect(want != nil && time != nil)
        case .failure(let error): #expect(want == nil && (error as? CommandFailure)?.status == .usage)
        }
    }
}
