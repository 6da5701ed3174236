import Foundation
import Testing
import TextEncodings

struct JSONWriterTests {
    @Test("commas, names, nesting and lines are the writer's work")
    func shape() {
        let text = JSONWriter.text(.stored) {
            $0.object {
                $0.member("a \"b\"", "c\nd")
                $0.member("none", nil as String?)
                $0.member("least", Int64.min)
                $0.member("most", UInt64.max)
                $0.object("empty") { _ in }
                $0.array("list") {
                    $0.newLine()
                    $0.flag(true)
                    $0.newLine()
                    $0.null()
                    $0.newLine()
                }
                $0.name("not finite")
                $0.number(.infinity) { String($0) }
                $0.name("taken over")
                $0.value(json: #"{"x":[1]}"#)
            }
        }
        #expect(
            text == #"{"a \"b\"":"c\nd","least":-9223372036854775808,"most":18446744073709551615,"empty":{},"list":["# + "\ntrue,\nnull\n"
                + #"],"not finite":null,"taken over":{"x":[1]}}"#)
    }

    @Test(
        "each place has its escapes",
        arguments: [
            (JSONEscapes.canonical, #"\"\\\b\t\n\f\r\u0001"# + "\u{7f}<ü"), (.stored, #"\"\\\u0008\t\n\u000c\r\u0001"# + "\u{7f}<ü"),
            (.record, #"\"\\\u0008\t\n\u000c\u000d\u0001\u007f<ü"#),
        ])
    func escapes(_ escapes: JSONEscapes, want: String) {
        #expect(escapes.quoted("\"\\\u{8}\t\n\u{c}\r\u{1}\u{7f}<ü") == "\"" + want + "\"")
    }

    @Test("characters outside ASCII are escaped where they are asked for, as pairs beyond the first plane, in JSON that is taken over too")
    func further() {
        let escapes = JSONEscapes(letters: "n", further: "<", isFurther: { $0 == "\u{202e}" || $0 == "\u{e0001}" || $0 == "\u{85}" })
        #expect(escapes.quoted("ä\u{202e}<\u{e0001}\u{85}ß€𝄞") == #""ä\u202e\u003c\udb40\udc01\u0085ß€𝄞""#)
        #expect(JSONWriter.text(escapes) { $0.value(json: "[\"<\u{202e}\",\n1]") } == "[\"\\u003c\\u202e\",\n1]")
    }

    @Test("whatever is written, Foundation reads it again")
    func read() throws {
        for _ in 0..<500 {
            let scalars = (0..<20).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...([0x7f, 0xffff, 0x10ffff].randomElement() ?? 0)))
            }
            let text = String(String.UnicodeScalarView(scalars))
            for escapes in [JSONEscapes.canonical, .stored, .record] {
                let json = JSONWriter.object(escapes) { $0.member("text", text) }
                #expect(try JSONDecoder().decode([String: String].self, from: Data(json)) == ["text": text])
            }
        }
    }
}
