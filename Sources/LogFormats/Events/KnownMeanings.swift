import FlowModel

/// Texts with escapes whose meaning was worked out before.
struct KnownMeanings {
    /// A power of two; a slot holds the last text whose symbol falls on it.
    private static let slotCount = 256

    private var raw = [Symbol](repeating: .none, count: KnownMeanings.slotCount)
    private var meaning = [Symbol](repeating: .none, count: KnownMeanings.slotCount)
    private var generation: UInt64 = 0

    mutating func meaning(of symbol: Symbol, _ current: UInt64) -> Symbol? {
        if generation != current {
            generation = current
            raw = [Symbol](repeating: .none, count: KnownMeanings.slotCount)
        }
        let slot = Int(symbol.rawValue) & (KnownMeanings.slotCount - 1)
        return raw[slot] == symbol ? meaning[slot] : nil
    }

    mutating func remember(_ symbol: Symbol, _ text: Symbol) {
        let slot = Int(symbol.rawValue) & (KnownMeanings.slotCount - 1)
        raw[slot] = symbol
        meaning[slot] = text
    }
}
