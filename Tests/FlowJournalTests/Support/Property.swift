import Testing

/// A small, fast generator whose whole sequence follows from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(upTo count: Int) -> [UInt8] {
        (0..<Int.random(in: 0...count, using: &self)).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }
}

/// Checks that `holds` for many generated values; a value for which it does not is made smaller as long as it still fails.
func forAll<Value>(
    seed: UInt64, count: Int = 200,
    generate: (inout SeededGenerator) -> Value,
    shrink: (Value) -> [Value],
    _ holds: (Value) throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    var generator = SeededGenerator(seed: seed)
    for round in 0..<count {
        let value = generate(&generator)
        guard (try? holds(value)) != true else { continue }
        var smallest = value
        while let smaller = shrink(smallest).first(where: { (try? holds($0)) != true }) { smallest = smaller }
        Issue.record("does not hold in round \(round) of seed \(seed) for \(smallest)", sourceLocation: sourceLocation)
        return
    }
}

/// Smaller arrays: without its first or second half, without one element.
func shrinkArray<Element>(_ array: [Element]) -> [[Element]] {
    guard !array.isEmpty else { return [] }
    let middle = array.count / 2
    var candidates = [Array(array[middle...]), Array(array[..<middle])].filter { $0.count < array.count }
    for index in array.indices.prefix(64) {
        var copy = array
        copy.remove(at: index)
        candidates.append(copy)
    }
    return candidates
}
