import Testing

@testable import Wording

struct NearestWordTests {
    /// Edits that make one text the other, by their definition: of the first letters, every way is tried.
    private static func edits(_ left: ArraySlice<Unicode.Scalar>, _ right: ArraySlice<Unicode.Scalar>) -> Int {
        guard let a = left.first else { return right.count }
        guard let b = right.first else { return left.count }
        if a == b { return edits(left.dropFirst(), right.dropFirst()) }
        var least = 1 + min(edits(left.dropFirst(), right), edits(left, right.dropFirst()), edits(left.dropFirst(), right.dropFirst()))
        if left.count > 1, right.count > 1, left.dropFirst().first == b, right.dropFirst().first == a {
            least = min(least, 1 + edits(left.dropFirst(2), right.dropFirst(2)))
        }
        return least
    }

    private static func word(upTo length: Int, _ numbers: inout SystemRandomNumberGenerator) -> String {
        String((0..<Int.random(in: 0...length, using: &numbers)).map { _ in "abc".randomElement(using: &numbers) ?? "a" })
    }

    @Test("the distance is the number of edits, or none when that is beyond the limit")
    func distances() {
        var numbers = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let left = Array(NearestWordTests.word(upTo: 6, &numbers).unicodeScalars)
            let right = Array(NearestWordTests.word(upTo: 6, &numbers).unicodeScalars)
            let limit = Int.random(in: 0...6, using: &numbers)
            let edits = NearestWordTests.edits(left[...], right[...])
            #expect(NearestWord.distance(left, right, atMost: limit) == (edits <= limit ? edits : nil), "\(left) \(right) \(limit)")
        }
    }

    @Test("of all words the nearest is found, in whatever order they stand")
    func nearest() {
        var numbers = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let text = NearestWordTests.word(upTo: 7, &numbers)
            let words = (0..<8).map { _ in NearestWordTests.word(upTo: 7, &numbers) }
            let near = words.filter { !$0.isEmpty && (text.count > 2 || $0 == text || $0 == String(text.reversed())) && !text.isEmpty }
                .map { (edits: NearestWordTests.edits(Array(text.unicodeScalars)[...], Array($0.unicodeScalars)[...]), word: $0) }
                .filter { $0.edits <= max(1, max(text.count, $0.word.count) / 3) }
            let want = near.min { $0 < $1 }?.word
            #expect(NearestWord.find(text, among: words) == want, "\(text) \(words)")
            #expect(NearestWord.find(text, among: words.shuffled(using: &numbers)) == want, "\(text) \(words)")
        }
    }

    @Test(
        "slips of the hand",
        arguments: [
            ("ingst", "ingest"), ("VERIFY", "verify"), ("prvoe", "prove"), ("xyz", nil), ("", nil), ("a", nil), ("22", nil), ("bd", "db"),
            (String(repeating: "ingest", count: 40), nil),
        ] as [(String, String?)])
    func slips(text: String, want: String?) {
        #expect(NearestWord.find(text, among: ["ingest", "verify", "prove", "db", "21"]) == want)
    }
}
