import Testing
import TextEncodings
import Wording

struct EscapingTests {
    @Test(
        "terminals get no control characters",
        arguments: [
            ("plain", "plain"), ("🏠 Office", "🏠 Office"), ("a\u{1b}[31mred", "a\\e[31mred"), ("bell\u{7}", "bell\\u{7}"),
            ("line\nfeed\ttab\r", "line\\nfeed\\ttab\\r"), ("c1\u{9b}31m", "c1\\u{9b}31m"),
            ("rtl\u{202e}gpj.exe", "rtl\\u{202e}gpj.exe"), ("del\u{7f}", "del\\u{7f}"),
        ])
    func terminal(input: String, want: String) {
        #expect(Escaping.terminal(input) == want)
    }

    @Test(
        "no CSV field is a formula",
        arguments: [
            ("plain", "plain"), ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"),
            ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""), ("two\nlines", "\"two\nlines\""), ("=a,b", "\"'=a,b\""),
            ("", ""),
        ])
    func csv(input: String, want: String) {
        #expect(Escaping.csv(input) == want)
    }

    @Test(
        "JSON strings are safe for parsers, terminals and pages",
        arguments: [
            ("a\"b\\c", #""a\"b\\c""#), ("\u{0}\u{1f}", #""\u0000\u001f""#), ("</script>", #""\u003c/script\u003e""#),
            ("\u{202e}", #""\u202e""#), ("\u{e0001}", #""\udb40\udc01""#), ("ü", "\"ü\""),
        ])
    func json(input: String, want: String) {
        #expect(JSONEscapes.shown.quoted(input) == want)
    }

    @Test(
        "Markdown marks and embedded HTML mean nothing",
        arguments: [
            ("a|b", "a\\|b"), ("<img src=x>", "&lt;img src=x&gt;"), ("[x](http://y)", "\\[x\\]\\(http&#58;//y\\)"),
            ("*_`", "\\*\\_\\`"), ("a\nb", "a\\\\nb"),
        ])
    func markdown(input: String, want: String) {
        #expect(Escaping.markdown(input) == want)
    }

    @Test(
        "HTML text stays text",
        arguments: [("<a b='c'>\"&", "&lt;a b=&#39;c&#39;&gt;&quot;&amp;"), ("\u{202e}", "\\u{202e}"), ("ok", "ok")])
    func html(input: String, want: String) {
        #expect(Escaping.html(input) == want)
    }
}
