import ShellSupport
import Testing

struct TimeArgumentTests {
    /// 2026-10-08T06:00:00Z
    static let now: Int64 = 1_791_439_200_000

    @Test(
        "words and spans resolve against the present",
        arguments: [
            ("now", 1_791_439_200_000), ("today", 1_791_417_600_000), ("yesterday", 1_791_331_200_000),
            ("90s", 1_791_439_110_000), ("15m", 1_791_438_300_000), ("12h", 1_791_396_000_000), ("7d", 1_790_834_400_000),
            ("2w", 1_790_229_600_000), ("d", nil), ("-7d", nil), ("7x", nil), ("", nil), ("99999999999999999999d", nil),
        ] as [(String, Int64?)])
    func resolve(text: String, want: Int64?) {
        #expect(TimeArgument.resolve(text, nowMs: TimeArgumentTests.now) == want)
    }
}
