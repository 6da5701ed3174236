import Testing

@testable import FlowModel

@Suite struct HostPatternTests {
    @Test(arguments: [
        ("*.a.b", "x.a.b", true), ("*.a.b", "x.y.a.b", true), ("*.a.b", "a.b", false), ("*.a.b", ".a.b", true),
        ("a.b", "a.b", true),
        ("A.B.", "a.b", true), ("a.b", "A.B.", true), ("a.b", "xa.b", false), ("?.a.b", "x.a.b", true), ("?.a.b", "xy.a.b", false),
        ("?.a.b", ".a.b", false), ("app-?.b", "app-1.b", true), ("app-?.b", "app-12.b", false), ("*", "", true),
        ("*", "anything.at.all", true),
        ("a*b*c", "abc", true), ("a*b*c", "aXXbYYc", true), ("a*b*c", "acb", false), ("**", "x", true), ("*a", "aaaa", true),
        ("*a", "aaab", false),
        ("a**b", "ab", true), ("?*", "", false), ("?*", "x", true), ("*?", "x", true), ("*.", "x", true),
        ("bücher.example", "xn--bcher-kva.example", true),
        ("xn--bcher-kva.example", "BÜCHER.example", true), ("*.bücher.example", "a.xn--bcher-kva.example", true),
    ])
    func matching(_ pattern: String, _ name: String, _ wanted: Bool) {
        #expect(HostPattern(pattern).matches(name) == wanted)
    }

    @Test(arguments: [("a.b", true, 3), ("*.a.b", false, 4), ("?.a", false, 2), ("*", false, 0), ("A.", true, 1)])
    func specificity(_ text: String, _ isExact: Bool, _ literals: Int) {
        let pattern = HostPattern(text)
        #expect((pattern.isExact, pattern.literalCount) == (isExact, literals))
    }

    /// The matcher agrees with the definition, spelled out by recursion, on short texts over a small alphabet.
    @Test func agreesWithTheDefinition() {
        func matches(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
            guard let first = pattern.first else { return name.isEmpty }
            if first == "*" { return matches(pattern.dropFirst(), name) || !name.isEmpty && matches(pattern, name.dropFirst()) }
            guard let head = name.first else { return false }
            return (first == "?" || first == head) && matches(pattern.dropFirst(), name.dropFirst())
        }
        var dice = Dice(12)
        for _ in 0..<20_000 {
            let pattern = (0..<dice.below(7)).map { _ in dice.pick(["a", "b", "*", "?"]) }.joined()
            let name = (0..<dice.below(8)).map { _ in dice.pick(["a", "b"]) }.joined()
            #expect(
                HostPattern(pattern).matches(normalized: name) == matches(Array(pattern)[...], Array(name)[...]),
                "\(pattern) \(name)")
        }
    }

    /// A pattern made to make backtracking explode takes no time.
    @Test(.timeLimit(.minutes(30)))
    func noExplosion() {
        let pattern = HostPattern(String(repeating: "a*", count: 2_000) + "b")
        #expect(!pattern.matches(normalized: String(repeating: "a", count: 4_000)))
    }
}

@Suite struct DomainNameTests {
    @Test(arguments: [
        ("example.com", "example.com"), ("Example.COM", "example.com"), ("example.com.", "example.com"), (".", "."), ("", ""),
        ("bücher.example", "xn--bcher-kva.example"), ("BÜCHER.example.", "xn--bcher-kva.example"), ("点看", "xn--3pxu8k"),
        ("a.点看.b", "a.xn--3pxu8k.b"), ("*.Bücher.example", "*.xn--bcher-kva.example"), ("a..b", "a..b"),
        ("example.com..", "example.com."),
    ])
    func normalized(_ text: String, _ wanted: String) {
        #expect(DomainName.normalized(text) == wanted)
    }

    /// The samples of RFC 3492 §7.1 that are lower case throughout.
    @Test(arguments: [
        ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"), ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
        ("למההםפשוטלאמדבריםעברית", "4dbcagdahymbxekheh6e0a7fei0b"),
        ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
        ("なぜみんな日本語を話してくれないのか", "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa"), ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
        ("ひとつ屋根の下2", "2-u9tlzr9756bt3uc0v"), ("そのスピードで", "d9juau41awczczp"), ("bücher", "bcher-kva"), ("ü", "tda"),
    ])
    func punycode(_ label: String, _ wanted: String) {
        #expect(Punycode.encode(label) == wanted)
    }

    /// Normalising twice is normalising once.
    @Test func idempotent() {
        var dice = Dice(9)
        for _ in 0..<3_000 {
            let text = (0..<dice.below(12)).map { _ in dice.pick(["a", "B", ".", "-", "ü", "点", "*", "İ", "ß", "1"]) }.joined()
            let once = DomainName.normalized(text)
            if !once.hasSuffix(".") { #expect(DomainName.normalized(once) == once, "\(text)") }
        }
    }
}
