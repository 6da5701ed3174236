import Testing

@testable import Simulation

struct RandomnessTests {
    @Test("the stream of a seed never changes")
    func knownAnswers() {
        var random = SeededRandom(seed: 1, stream: .tenant)
        let values = (0..<3).map { _ in random.next() }
        #expect(values == RandomnessTests.expected)
        var other = SeededRandom(seed: 1, stream: .traffic)
        #expect(other.next() != values[0])
    }

    /// By an independent implementation of the two generators; a change would make every simulation another one.
    private static let expected: [UInt64] = [8_724_842_043_473_997_348, 14_357_661_134_824_244_654, 2_570_386_017_014_112_337]

    @Test("the finaliser is SplitMix64's")
    func finaliser() {
        // First output of SplitMix64 with seed 0: mix(0x9e3779b97f4a7c15).
        #expect(SeededRandom.mix(0x9e37_79b9_7f4a_7c15) == 0xe220_a839_7b1d_cdaf)
    }

    @Test("numbers stay below their bound and reach all of it", arguments: [1, 2, 3, 7, 10, 64])
    func below(bound: Int) {
        var random = SeededRandom(seed: UInt64(bound), stream: .traffic)
        var seen = Set<Int>()
        for _ in 0..<2_000 { seen.insert(random.below(bound)) }
        #expect(seen == Set(0..<bound))
        #expect(random.below(0) == 0)
    }

    @Test("a magnitude lies between its powers")
    func magnitude() {
        var random = SeededRandom(seed: 5, stream: .traffic)
        for _ in 0..<1_000 {
            let value = random.magnitude(powers: 4...9)
            #expect((16..<1_024).contains(value))
        }
    }

    @Test("choices come as often as their weights say")
    func weights() {
        let weights: [UInt64] = [5, 0, 1, 10, 4]
        let choice = WeightedChoice(weights: weights)
        var random = SeededRandom(seed: 9, stream: .traffic)
        var counts = [Int](repeating: 0, count: weights.count)
        let draws = 200_000
        for _ in 0..<draws { counts[choice.draw(&random)] += 1 }
        for (count, weight) in zip(counts, weights) {
            // Five standard deviations of a binomial count are below 1,200 here.
            #expect(abs(count - draws * Int(weight) / 20) < 1_200)
        }
        #expect(counts[1] == 0)
        #expect(WeightedChoice(weights: []).draw(&random) == 0)
    }

    @Test("Zipf's ranks fall")
    func zipf() {
        let choice = WeightedChoice.zipf(count: 50, flattening: 1)
        var random = SeededRandom(seed: 3, stream: .traffic)
        var counts = [Int](repeating: 0, count: 50)
        for _ in 0..<100_000 { counts[choice.draw(&random)] += 1 }
        // 1 : 1/2 : 1/10.
        #expect(counts[0] > counts[1] * 17 / 10 && counts[0] < counts[1] * 23 / 10)
        #expect(counts[0] > counts[9] * 8 && counts[0] < counts[9] * 13)
    }
}
