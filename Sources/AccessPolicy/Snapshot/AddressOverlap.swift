package import FlowModel

extension HostPattern {
    /// Whether some name matches both patterns: a walk over the pairs of positions that can be reached.
    package func overlaps(_ other: HostPattern) -> Bool {
        let a = Array(text.utf8)
        let b = Array(other.text.utf8)
        let star = UInt8(ascii: "*")
        let one = UInt8(ascii: "?")
        // Patterns without a common literal end or beginning cannot meet; most pairs leave here.
        if let x = a.last, let y = b.last, x != y, x != star, x != one, y != star, y != one { return false }
        if let x = a.first, let y = b.first, x != y, x != star, x != one, y != star, y != one { return false }
        let width = b.count + 1
        var reached = [Bool](repeating: false, count: (a.count + 1) * width)
        reached[0] = true
        for i in 0...a.count {
            for j in 0...b.count where reached[i * width + j] {
                let x = i < a.count ? a[i] : nil
                let y = j < b.count ? b[j] : nil
                if x == star { reached[(i + 1) * width + j] = true }
                if y == star { reached[i * width + j + 1] = true }
                // A star that goes on takes whatever single character the other pattern asks for.
                if x == star, y != nil, y != star { reached[i * width + j + 1] = true }
                if y == star, x != nil, x != star { reached[(i + 1) * width + j] = true }
                if let x, let y, x != star, y != star, x == y || x == one || y == one { reached[(i + 1) * width + j + 1] = true }
            }
        }
        return reached[a.count * width + b.count]
    }
}

extension ResourceAddress {
    /// Whether some name or address is covered by both.
    public func overlaps(_ other: ResourceAddress) -> Bool {
        switch (self, other) {
        case (.block(let left), .block(let right)): left.overlaps(right)
        case (.name(let left), .name(let right)):
            if left.isExact {
                right.matches(normalized: left.text)
            } else if right.isExact {
                left.matches(normalized: right.text)
            } else {
                left.overlaps(right)
            }
        default: false
        }
    }

    /// Of several definitions that cover the same, the one with the highest number is selected.
    public var specificity: Int {
        switch self {
        case .block(let block): block.prefixLength
        case .name(let pattern): pattern.isExact ? .max : pattern.literalCount
        }
    }
}

extension Resource {
    /// Whether some name or address is covered by both, aliases included.
    public func overlaps(_ other: Resource) -> Bool {
        if address.overlaps(other.address) { return true }
        if let alias, other.covers(name: alias) { return true }
        if let alias = other.alias, covers(name: alias) { return true }
        return false
    }

    private func covers(name: String) -> Bool {
        if alias == name { return true }
        guard case .name(let pattern) = address else { return false }
        return pattern.matches(normalized: name)
    }
}
