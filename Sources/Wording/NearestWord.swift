/// The word that somebody who wrote another one probably meant.
public enum NearestWord {
    /// Longer texts are no slips of the hand, and more words than this take too long to compare.
    private static let maxLength = 200
    private static let maxWords = 500_000

    /// The word with the fewest letters put in, left out, exchanged or swapped with their neighbour, without regard to case; nil when none
    /// is near: a third of the letters may be wrong, and of one or two letters, such as ids, none, but they may be swapped. Of several as near
    /// the lesser text, in whatever order they come.
    public static func find(_ text: String, among words: some Sequence<String>) -> String? {
        let wanted = Array(text.lowercased().unicodeScalars.prefix(maxLength + 1))
        guard !wanted.isEmpty, wanted.count <= maxLength else { return nil }
        var best: (distance: Int, word: String)?
        var count = 0
        for word in words where !word.isEmpty {
            count += 1
            guard count <= maxWords else { return nil }
            let letters = Array(word.lowercased().unicodeScalars.prefix(maxLength + 1))
            guard letters.count <= maxLength, wanted.count > 2 || letters == wanted || letters == wanted.reversed() else { continue }
            let most = min(max(1, max(wanted.count, letters.count) / 3), best?.distance ?? .max)
            guard let distance = distance(wanted, letters, atMost: most) else { continue }
            if let known = best, (known.distance, known.word) <= (distance, word) { continue }
            best = (distance, word)
        }
        return best?.word
    }

    /// Insertions, removals, replacements and swaps of neighbours that make one text the other; nil when more than `limit`.
    static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar], atMost limit: Int) -> Int? {
        guard abs(left.count - right.count) <= limit else { return nil }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var next = [row + 1]
            for column in right.indices {
                var cost = min(last[column] + (left[row] == right[column] ? 0 : 1), last[column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                next.append(cost)
            }
            // No later row holds less than the least of this one: a swap, too, costs one more than the row before it.
            guard (next.min() ?? 0) <= limit else { return nil }
            (beforeLast, last) = (last, next)
        }
        return last[right.count] <= limit ? last[right.count] : nil
    }
}
