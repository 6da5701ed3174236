import FlowModel

/// Names and patterns. Exact names are one look-up; a pattern is found through the literal text after its last wildcard, cut to whole
/// labels, and then through the literal text before its first wildcard, so that only patterns that share both are compared.
struct NameIndex: Sendable {
    /// An exact name beats every pattern.
    static let exactRank = Int32.max

    private let exactNames: TextIndex
    private let exactResources: PackedLists

    /// The literal ends of patterns, from a dot on; one of them may be empty.
    private let suffixes: TextIndex
    /// For each suffix the lengths of literal beginnings that its patterns have, ascending.
    private let prefixLengths: PackedLists
    /// The number of a suffix as 4 bytes, then a literal beginning.
    private let beginnings: TextIndex
    private let patternLists: PackedLists
    private let patterns: [HostPattern]
    private let patternResources: [Int32]
    private let hasEmptySuffix: Bool
    private let hasPatterns: Bool

    /// - Parameters:
    ///   - exact: normalised name and Resource, the Resources ascending.
    ///   - wild: pattern and Resource, the Resources ascending.
    init(exact: [(name: String, resource: Int32)], wild: [(pattern: HostPattern, resource: Int32)]) {
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
        exactNames = TextIndex(names)
        exactResources = PackedLists(lists)

        var suffixTexts: [String] = []
        var suffixNumbers: [String: Int] = [:]
        var lengths: [Set<Int32>] = []
        var beginningTexts: [String] = []
        var beginningNumbers: [String: Int] = [:]
        var patternNumbers: [[Int32]] = []
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
        }
        suffixes = TextIndex(suffixTexts)
        prefixLengths = PackedLists(lengths.map { $0.sorted() })
        beginnings = TextIndex(beginningTexts)
        patternLists = PackedLists(patternNumbers)
        patterns = wild.map(\.pattern)
        patternResources = wild.map(\.resource)
        hasEmptySuffix = suffixNumbers[""] != nil
        hasPatterns = !wild.isEmpty
    }

    private static func literalEnds(_ text: String) -> (beginning: String, suffix: String) {
        let bytes = Array(text.utf8)
        let isWild = { (byte: UInt8) in byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") }
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

    /// Calls `body` with (specificity, Resource) for each Resource that covers the normalised `name`: exact names first, ids ascending,
    /// then patterns in no order. Between the two `body` gets Resource -1 and returns false to stop.
    @inline(__always)
    func forEach(_ name: String, _ body: (Int32, Int32) -> Bool) {
        name.utf8Span.span.withUnsafeBytes { bytes in
            if let position = exactNames.find(bytes) {
                for index in exactResources.range(position) { _ = body(NameIndex.exactRank, exactResources.items[index]) }
            }
            guard hasPatterns, bytes.count <= DomainName.longestName, body(0, -1) else { return }
            for dot in bytes.indices where bytes[dot] == UInt8(ascii: ".") {
                visit(UnsafeRawBufferPointer(rebasing: bytes[dot...]), bytes, name, body)
            }
            if hasEmptySuffix { visit(UnsafeRawBufferPointer(rebasing: bytes[..<0]), bytes, name, body) }
        }
    }

    @inline(__always)
    private func visit(
        _ suffix: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer, _ name: String, _ body: (Int32, Int32) -> Bool
    ) {
        guard let suffixNumber = suffixes.find(suffix) else { return }
        for index in prefixLengths.range(suffixNumber) {
            let length = Int(prefixLengths.items[index])
            guard length <= bytes.count else { return }
            withUnsafeTemporaryAllocation(byteCount: length + 4, alignment: 8) { key in
                for position in 0..<4 { key[position] = UInt8(truncatingIfNeeded: suffixNumber >> (7 * (3 - position)) & 127) }
                for position in 0..<length { key[position + 4] = bytes[position] }
                guard let list = beginnings.find(UnsafeRawBufferPointer(key)) else { return }
                for position in patternLists.range(list) {
                    let number = Int(patternLists.items[position])
                    if patterns[number].matches(normalized: name) {
                        _ = body(Int32(truncatingIfNeeded: patterns[number].literalCount), patternResources[number])
                    }
                }
            }
        }
    }
}
