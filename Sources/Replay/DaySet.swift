internal import FlowModel

/// Days on which something happened.
struct DaySet: Sendable {
    /// Bits from `firstWord * 64` days after the epoch on.
    private var words: [UInt64] = []
    private var firstWord = 0

    /// 350 years from the epoch: a record with an absurd time counts as the first or last of these days, and must not take memory by it.
    private static let lastDay: Int64 = 350 * 365

    mutating func insert(_ time: Timestamp) {
        let day = Int(min(max(time.milliseconds / millisecondsPerDay, 0), DaySet.lastDay))
        reach(day >> 6)
        words[(day >> 6) - firstWord] |= 1 << UInt64(day & 63)
    }

    mutating func formUnion(_ other: DaySet) {
        guard !other.words.isEmpty else { return }
        reach(other.firstWord)
        reach(other.firstWord + other.words.count - 1)
        for (place, word) in other.words.enumerated() { words[other.firstWord + place - firstWord] |= word }
    }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    private mutating func reach(_ word: Int) {
        if words.isEmpty {
            firstWord = word
            words = [0]
        } else if word < firstWord {
            words.insert(contentsOf: repeatElement(0, count: firstWord - word), at: 0)
            firstWord = word
        } else if word - firstWord >= words.count {
            words.append(contentsOf: repeatElement(0, count: word - firstWord - words.count + 1))
        }
    }
}

let millisecondsPerDay: Int64 = 86_400_000
