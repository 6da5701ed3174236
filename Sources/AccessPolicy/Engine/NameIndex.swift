import FlowModel

/// Names and patterns. Exact names are one look-up; a pattern is found through the literal text after its last wildcard, cut to whole
/// labels, and then through the literal text before its first wildcard, so that only patterns that share both are compared.
struct NameIndex: Sendable {
    /// An exact name beats every pattern.
    static let exactRank = Int32.max

    private struct Pattern: BitwiseCopyable, Sendable {
        var start: Int32
        var length: Int32
        var literalCount: Int32
        var resource: Int32
        /// `*` and the suffix, nothing else: whatever ends in the suffix matches.
        var isPlain: Bool
    }

    private let exactNames: TextIndex
    private let exactResources: NumberLists

    /// The literal ends of patterns, from a dot on; one of them may be empty.
    private let suffixes: TextIndex
    /// For each suffix the lengths of literal beginnings that its patterns have, ascending.
    private let beginningLengths: PackedLists
    /// The number of a suffix as 4 bytes, then a literal beginning.
    private let beginnings: TextIndex
    private let patternLists: NumberLists
    private let patterns: Table<Pattern>
    private let patternText: Table<UInt8>
    private let hasEmptySuffix: Bool

    /// - Parameters:
    ///   - exact: normalised name and Resource, the Resources ascending.
    ///   - wild: pattern and Resource, the Resources ascending.
    init(exact: [(name: String, resource: Int32)], wild: [(pattern: HostPattern, resource: Int32)], _ arena: TableArena) {
        var names: [String] = []
        var lists: [[Int32]] = []
        var known: [String: Int] = [:]
        for (name, resource) in exact {
            if let position = known[name] {
                if lists[position].last != resource { lists[position].append(resource) }
            } else {
                known[name] = names.count
                names.append(name)
                lists.append([resource])
            }
        }
        exactNames = TextIndex(names, arena)
        exactResources = NumberLists(lists, arena)

        var suffixTexts: [String] = []
        var suffixNumbers: [String: Int] = [:]
        var lengths: [Set<Int32>] = []
        var beginningTexts: [String] = []
        var beginningNumbers: [String: Int] = [:]
        var patternNumbers: [[Int32]] = []
        var patterns: [Pattern] = []
        var text: [UInt8] = []
        for (number, entry) in wild.enumerated() {
            let (beginning, suffix) = NameIndex.literalEnds(entry.pattern.text)
            let suffixNumber = suffixNumbers[suffix] ?? suffixTexts.count
            if suffixNumber == suffixTexts.count {
                suffixNumbers[suffix] = suffixNumber
                suffixTexts.append(suffix)
                lengths.append([])
            }
            lengths[suffixNumber].insert(Int32(truncatingIfNeeded: beginning.utf8.count))
            let key = NameIndex.key(suffixNumber, beginning)
            if let position = beginningNumbers[key] {
                patternNumbers[position].append(Int32(number))
            } else {
                beginningNumbers[key] = beginningTexts.count
                beginningTexts.append(key)
                patternNumbers.append([Int32(number)])
            }
            patterns.append(
                Pattern(
                    start: Int32(clamping: text.count), length: Int32(entry.pattern.text.utf8.count),
                    literalCount: Int32(entry.pattern.literalCount), resource: entry.resource,
                    isPlain: entry.pattern.text == "*" + suffix))
            text.append(contentsOf: entry.pattern.text.utf8)
        }
        suffixes = TextIndex(suffixTexts, arena)
        beginningLengths = PackedLists(lengths.map { $0.sorted() }, arena)
        beginnings = TextIndex(beginningTexts, arena)
        patternLists = NumberLists(patternNumbers, arena)
        self.patterns = arena.table(patterns)
        patternText = arena.table(text)
        hasEmptySuffix = suffixNumbers[""] != nil
    }

    private static func isWild(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?")
    }

    private static func literalEnds(_ text: String) -> (beginning: String, suffix: String) {
        let bytes = Array(text.utf8)
        let beginning = bytes.prefix { !isWild($0) }
        let tail = bytes[(bytes.lastIndex(where: isWild).map { $0 + 1 } ?? 0)...]
        let suffix = tail.drop { $0 != UInt8(ascii: ".") }
        return (String(decoding: beginning, as: UTF8.self), String(decoding: suffix, as: UTF8.self))
    }

    /// 4 bytes of 7 bits each, so that the key stays a text.
    private static func key(_ suffix: Int, _ beginning: String) -> String {
        let number = (0..<4).map { UInt8(truncatingIfNeeded: suffix >> (7 * (3 - $0)) & 127) }
        return String(decoding: number, as: UTF8.self) + beginning
    }

    /// Calls `body` with (specificity, Resource) for each Resource that covers `name`, whose bytes must be normalised: exact names
    /// first, ids ascending, then patterns in no order. Between the two `goOn` says whether to look further.
    @inline(__always)
    func forEach(_ name: UnsafeRawBufferPointer, goOn: () -> Bool, _ body: (Int32, Int32) -> Void) {
        if let position = exactNames.find(name) {
            exactResources.forEach(position) { body(NameIndex.exactRank, $0) }
        }
        guard patterns.count > 0, name.count <= DomainName.maxNameLength, goOn() else { return }
        var start = 0
        while start < name.count {
            var dots = NameBytes.dots(in: NameBytes.word(name, start))
            while dots != 0 {
                let dot = start + dots.trailingZeroBitCount >> 3
                visit(UnsafeRawBufferPointer(rebasing: name[dot...]), name, body)
                dots &= dots - 1
            }
            start += 8
        }
        if hasEmptySuffix { visit(UnsafeRawBufferPointer(rebasing: name[name.count...]), name, body) }
    }

    @inline(__always)
    private func visit(_ suffix: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer, _ body: (Int32, Int32) -> Void) {
        guard let suffixNumber = suffixes.find(suffix) else { return }
        for index in beginningLengths.range(suffixNumber) {
            let length = Int(beginningLengths.items[index])
            guard length <= name.count else { return }
            guard let list = beginning(suffixNumber, length, name) else { continue }
            patternLists.forEach(list) { number in
                let pattern = patterns[number]
                let text = patternText.bytes(Int(pattern.start), Int(pattern.length))
                if pattern.isPlain || NameIndex.matches(text, name) { body(pattern.literalCount, pattern.resource) }
            }
        }
    }

    private func beginning(_ suffixNumber: Int, _ length: Int, _ name: UnsafeRawBufferPointer) -> Int? {
        withUnsafeTemporaryAllocation(byteCount: 4 + DomainName.maxNameLength, alignment: 8) { key in
            for position in 0..<4 { key[position] = UInt8(truncatingIfNeeded: suffixNumber >> (7 * (3 - position)) & 127) }
            if let source = name.baseAddress, let target = key.baseAddress { (target + 4).copyMemory(from: source, byteCount: length) }
            return beginnings.find(UnsafeRawBufferPointer(rebasing: key[..<(4 + length)]))
        }
    }

    /// Wildcard matching in time proportional to the product of the lengths at worst: a star gives back one character at a time.
    private static func matches(_ pattern: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Bool {
        var p = 0
        var n = 0
        var star = -1
        var resume = 0
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = p
                resume = n
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == name[n] {
                p += 1
                n += 1
            } else if star >= 0 {
                p = star + 1
                resume += 1
                n = resume
            } else {
                return false
            }
        }
        while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
        return p == pattern.count
    }
}
