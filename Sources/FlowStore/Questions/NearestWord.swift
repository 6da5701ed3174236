/// The word that somebody who wrote another one probably meant.
public enum NearestWord {
    /// Longer texts are no slips of the hand, and more words than this take too long to compare.
    private static let longest = 200
    private static let mostWords = 50_000

    /// The word with the fewest letters put in, left out, exchanged or swapped with their neighbour, without regard to ASCII case; nil when
    /// none is near: a third of the letters may be wrong, and one in any case.
    public static func find(_ text: String, among words: some Collection<String>) -> String? {
        let wanted = Array(text.lowercased().unicodeScalars)
        guard wanted.count <= longest, words.count <= mostWords else { return nil }
        var best: (distance: Int, word: String)?
        for word in words {
            let letters = Array(word.lowercased().unicodeScalars)
            let most = max(1, max(wanted.count, letters.count) / 3)
            guard letters.count <= longest, abs(letters.count - wanted.count) <= most else { continue }
            let distance = distance(wanted, letters)
            guard distance <= most else { continue }
            if let known = best, (known.distance, known.word) <= (distance, word) { continue }
            best = (distance, word)
        }
        return best?.word
    }

    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var least = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, beforeLast[j - 1] + 1) }
                row.append(least)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
