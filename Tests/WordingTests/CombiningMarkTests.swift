import Testing
import TextEncodings
import Wording

/// A mark that combines with the character before it makes another `Character`, while browsers, spreadsheets and parsers see the bare one.
struct CombiningMarkTests {
    static let marks = ["\u{301}", "\u{338}", "\u{20dd}", "\u{fe0f}", "\u{e0100}", "\u{1f3fb}"]

    /// The bytes that end a text or begin markup there must be gone.
    @Test("what gives a place its meaning is escaped before a combining mark, too", arguments: marks)
    func escaped(mark: String) {
        for special in ["<", ">", "&", "\"", "'"] {
            let html = Escaping.html("a" + special + mark + "b")
            #expect(!html.utf8.dropFirst().contains(special.utf8.first!) || special == "&", "\(html)")
            #expect(html.hasPrefix("a&"), "\(html)")
        }
        for special in ["\\", "`", "*", "_", "[", "]", "(", ")", "#", "!", "|"] {
            #expect(Array(Escaping.markdown(special + mark).utf8.prefix(2)) == Array("\\\(special)".utf8))
        }
        for special in ["<", ">", "&"] { #expect(Escaping.markdown(special + mark).utf8.first == UInt8(ascii: "&")) }
        #expect(Array(Escaping.csv("a\"" + mark).utf8.prefix(4)) == Array("\"a\"\"".utf8))
        #expect(Escaping.csv("a," + mark).utf8.first == UInt8(ascii: "\""))
        #expect(Escaping.csv("=" + mark + "1+1").utf8.first == UInt8(ascii: "'"))
        #expect(Array(JSONEscapes.shown.quoted("\"" + mark).utf8.prefix(3)) == Array("\"\\\"".utf8))
        #expect(!JSONEscapes.shown.quoted("<" + mark).utf8.contains(UInt8(ascii: "<")))
        #expect(!Escaping.terminal("\u{1b}" + mark).utf8.contains(0x1b))
        #expect(!Escaping.tsv("a\t" + mark).utf8.contains(9))
    }
}
