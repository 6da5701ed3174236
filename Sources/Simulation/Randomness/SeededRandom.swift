/// A stream of pseudo-random numbers that is the same for the same seed on every machine.
///
/// xoshiro256**, seeded through SplitMix64. Integers only: the transcendental functions of C libraries differ in their last bits, and
/// one different bit would be another simulation. Not for secrets.
public struct SeededRandom: Sendable {
    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64

    /// Streams of one seed are independent, so that a longer journal does not change the tenant and a new violation not the traffic.
    public enum Stream: UInt64, Sendable {
        case tenant = 1
        case history
        case outages
        case traffic
        case violations
    }

    public init(seed: UInt64, stream: Stream) {
        var state = SeededRandom.mix(seed) ^ stream.rawValue &* 0xd1b5_4a32_d192_ed03
        func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            return SeededRandom.mix(state)
        }
        a = next()
        b = next()
        c = next()
        d = next()
    }

    public mutating func next() -> UInt64 {
        let result = SeededRandom.rotate(b &* 5, 7) &* 9
        let t = b << 17
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        d = SeededRandom.rotate(d, 45)
        return result
    }

    /// A number in `0..<bound`; 0 when `bound` is less than 2. Each value is as likely as any other.
    public mutating func below(_ bound: Int) -> Int {
        guard bound > 1 else { return 0 }
        let range = UInt64(bound)
        var product = next().multipliedFullWidth(by: range)
        if product.low < range {
            let refused = (0 &- range) % range
            while product.low < refused { product = next().multipliedFullWidth(by: range) }
        }
        return Int(product.high)
    }

    public mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True in `share` of 1,000 cases.
    public mutating func chance(perMille share: Int) -> Bool {
        below(1_000) < share
    }

    /// A size with a heavy tail: 2 to a power that is uniform in `powers`, times a number between 1 and 2.
    public mutating func magnitude(powers: ClosedRange<Int>) -> Int {
        let base = 1 << within(powers)
        return base + below(base)
    }

    public mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }

    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, below(last + 1))
        }
    }

    /// The finaliser of SplitMix64: a bijection of the 64-bit numbers, so distinct inputs give distinct outputs.
    public static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }
}
