/// Numbers that look random and are the same in every run: SplitMix64.
package struct Dice {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// 0 ..< bound.
    package mutating func roll(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    package mutating func oneIn(_ bound: Int) -> Bool { roll(bound) == 0 }

    package mutating func pick<Element>(_ items: [Element]) -> Element { items[roll(items.count)] }

    package mutating func some<Element>(_ items: [Element], oneIn bound: Int) -> [Element] { items.filter { _ in roll(bound) == 0 } }
}
