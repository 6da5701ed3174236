/// A choice among `count` numbers by integer weights, in constant time (Vose's alias method, exact in integers).
struct WeightedChoice: Sendable {
    private var thresholds: [UInt64] = []
    private var aliases: [UInt32] = []
    private var total: UInt64 = 0

    /// Zipf weights are `scale / (rank + flattening)`.
    static let zipfScale: UInt64 = 1 << 32

    /// Weights of at most 2^32 each; an empty list gives a choice that always answers 0.
    init(weights: [UInt64]) {
        let count = UInt64(weights.count)
        for weight in weights { total += weight }
        guard count > 0, total > 0 else { return }
        // A column is full at `total`; the weights are scaled so that the average column is.
        var scaled = weights.map { $0 * count }
        thresholds = [UInt64](repeating: total, count: weights.count)
        aliases = (0..<UInt32(weights.count)).map { $0 }
        var small: [Int] = []
        var large: [Int] = []
        for (index, weight) in scaled.enumerated() {
            if weight < total { small.append(index) } else { large.append(index) }
        }
        while let under = small.last, let over = large.last {
            small.removeLast()
            thresholds[under] = scaled[under]
            aliases[under] = UInt32(over)
            scaled[over] -= total - scaled[under]
            if scaled[over] < total {
                large.removeLast()
                small.append(over)
            }
        }
    }

    /// Ranks 0, 1, 2, … with weights that fall like 1 / (rank + `flattening`).
    static func zipf(count: Int, flattening: Int) -> WeightedChoice {
        WeightedChoice(weights: (0..<count).map { zipfScale / UInt64($0 + max(1, flattening)) })
    }

    var isEmpty: Bool { thresholds.isEmpty }

    func draw(_ random: inout SeededRandom) -> Int {
        guard !thresholds.isEmpty else { return 0 }
        let column = random.below(thresholds.count)
        return UInt64(random.below(Int(total))) < thresholds[column] ? column : Int(aliases[column])
    }
}
