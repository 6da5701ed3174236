/// Finds what was probably meant by a name that nothing has.
enum NearestName {
    /// Texts longer than this are not compared: nobody mistypes them into something near.
    private static let longest = 128

    /// `; is `x` meant?` for the nearest of the candidates, empty when none is near: at most a third of the letters differ. Of several as
    /// near the first one, so that the answer is the same every time.
    static func hint(_ text: String, among candidates: some Sequence<String>) -> String {
        let wanted = Array(text.lowercased().unicodeScalars.prefix(longest + 1))
        guard !wanted.isEmpty, wanted.count <= longest else { return "" }
        var best: (name: String, distance: Int)?
        for candidate in candidates where !candidate.isEmpty {
            let other = Array(candidate.lowercased().unicodeScalars.prefix(longest + 1))
            guard other.count <= longest else { continue }
            let limit = min(max(wanted.count, other.count) / 3, (best?.distance ?? .max) - 1)
            guard limit >= 0, let distance = distance(wanted, other, atMost: limit) else { continue }
            best = (candidate, distance)
        }
        return best.map { "; is \($0.name.quoted) meant?" } ?? ""
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
            guard (next.min() ?? 0) <= limit else { return nil }
            (beforeLast, last) = (last, next)
        }
        return last[right.count] <= limit ? last[right.count] : nil
    }
}
