import FlowModel
import RandomPolicies
import Testing

@testable import AccessPolicy

@Suite struct IndexTests {
    @Test func textsOfEveryLengthAreFoundAndNoOthers() {
        var dice = Dice(seed: 1)
        var texts: [String] = [""]
        for length in 1...40 {
            for _ in 0..<20 { texts.append(String((0..<length).map { _ in dice.pick(["a", "b", "0", "."]) as Character })) }
        }
        var first: [String: Int] = [:]
        for (number, text) in texts.enumerated() where first[text] == nil { first[text] = number }
        let arena = TableArena()
        let index = TextIndex(texts, arena)
        for (text, number) in first { #expect(index.find(text) == number, "\(text)") }
        for _ in 0..<2_000 {
            let text = String((0..<(1 + dice.roll(40))).map { _ in dice.pick(["a", "b", "0", ".", "c"]) as Character })
            #expect(index.find(text) == first[text], "\(text)")
        }
        #expect(TextIndex([], arena).find("a") == nil)
        withExtendedLifetime(arena) {}
    }

    @Test func bytesAreLookedAtInWordsAsTheyWouldBeOneByOne() {
        var dice = Dice(seed: 2)
        for _ in 0..<3_000 {
            let bytes = (0..<dice.roll(30)).map { _ in
                dice.oneIn(8) ? UInt8(dice.roll(256)) : UInt8(dice.pick([46, 97, 122, 48, 45, 95, 64, 91, 96, 123]))
            }
            bytes.withUnsafeBytes { raw in
                let isNormal = bytes.last != 46 && !bytes.contains { $0 >= 0x80 || (65...90).contains($0) }
                #expect(NameBytes.isNormalized(raw) == isNormal, "\(bytes)")
                var dots: [Int] = []
                for start in stride(from: 0, to: bytes.count, by: 8) {
                    var mask = NameBytes.dots(in: NameBytes.word(raw, start))
                    while mask != 0 {
                        dots.append(start + mask.trailingZeroBitCount / 8)
                        mask &= mask - 1
                    }
                }
                #expect(dots == bytes.indices.filter { bytes[$0] == 46 })
            }
        }
    }

    /// The index finds exactly the patterns that match one by one.
    @Test func patternsAreFoundThroughTheirEnds() {
        var dice = Dice(seed: 3)
        func text(_ letters: [Character]) -> String { String((0..<(1 + dice.roll(9))).map { _ in dice.pick(letters) }) }
        for _ in 0..<300 {
            let patterns = (0..<12).map { _ in HostPattern(text(["a", "b", ".", "*", "?", "."])) }.filter { !$0.isExact }
            let arena = TableArena()
            let index = NameIndex(exact: [], wild: patterns.enumerated().map { ($0.element, Int32($0.offset)) }, arena)
            for _ in 0..<30 {
                let name = text(["a", "b", "."])
                var found: [Int32] = []
                name.utf8Span.span.withUnsafeBytes { index.forEach($0, goOn: { true }, { found.append($1) }) }
                let expected = patterns.indices.filter { NaivePolicy.matches(Array(patterns[$0].text), Array(name)) }.map(Int32.init)
                #expect(found.sorted() == expected, "\(name) \(patterns)")
            }
            withExtendedLifetime(arena) {}
        }
    }

    /// Two patterns overlap exactly when some short name matches both.
    @Test func overlapsAreThoseThatANameShows() {
        var dice = Dice(seed: 4)
        var names = [""]
        for _ in 0..<7 { names += Set(names.flatMap { name in ["a", "b"].map { name + $0 } }) }
        let all = Set(names)
        for _ in 0..<400 {
            func pattern() -> String { String((0..<(1 + dice.roll(4))).map { _ in dice.pick(["a", "b", "*", "?"]) as Character }) }
            let (left, right) = (pattern(), pattern())
            let shown = all.contains { HostPattern(left).matches(normalized: $0) && HostPattern(right).matches(normalized: $0) }
            #expect(HostPattern(left).overlaps(HostPattern(right)) == shown, "\(left) \(right)")
        }
    }

    @Test func idsAreOrderedByValue() {
        let sorted = ["", "0", "00", "2", "02", "10", "010", "9999999999999999999999", "a", "b1"]
        for (left, a) in sorted.enumerated() {
            for (right, b) in sorted.enumerated() where a != "" && b != "" {
                // Numbers of equal value come in the order of their texts.
                let expected = left == right ? false : nil as Bool?
                if let expected { #expect(identifierPrecedes(a, b) == expected) }
                #expect(!(identifierPrecedes(a, b) && identifierPrecedes(b, a)))
            }
        }
        #expect(["10", "9", "b", "a", "02", "2", "100"].sorted(by: identifierPrecedes) == ["02", "2", "9", "10", "100", "a", "b"])
    }
}
