import FlowModel
import Testing
import TextEncodings

@testable import LogFormats

/// What is accepted and refused as JSON, value by value: each text is the value of an unknown field of an event.
@Suite struct JSONGrammarTests {
    static func result(ofValue value: [UInt8]) -> String {
        let decoded = Decoded(
            Array(#"{"event_type":"denied_access","timestamp":1789344000001,"connection":{"id":"a"},"x":"#.utf8) + value + Array("}".utf8))
        return decoded.batch.quarantined.first?.reason.rawValue ?? (decoded.batch.flows.isEmpty ? "none" : "accepted")
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "10", "1.5", "-1.25e+10", "1E-3", "0.0", "123456789012345678901234567890", "1e999",
        #""""#, #""a""#, #""\"\\\/\b\f\n\r\t\u0041""#, #""\ud83d\ude00""#, #""\uD83D\uDE00 tail""#, "\"é 🏠 \u{10ffff}\"",
        "\"\u{7f}\"",
        "true", "false", "null", "[]", "[ ]", "{}", "{ }", "[1,2]", "[ 1 , [ ] , { } ]", #"{"a":{"b":[1,{"c":null}]}}"#, #"{"":0}"#,
        " 1 ", "\t1\r",
    ])
    func accepted(_ value: String) {
        #expect(JSONGrammarTests.result(ofValue: Array(value.utf8)) == "accepted")
    }

    @Test(arguments: [
        "", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "1 2", "--1", "00",
        "'a'", #""a"#, #""\x""#, #""\u12"#, #""\u12G4""#, "\"\u{1}\"", "\"a\tb\"", #""\"#,
        "True", "nul", "nulll", "tru", "[1,]", "[,1]", "[1 2]", "[", "]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, #"{,}"#,
        #"{"a":1 "b":2}"#, #"{"a":1]"#, "[1}", "// a", "/**/1", "undefined",
    ])
    func malformed(_ value: String) {
        #expect(JSONGrammarTests.result(ofValue: Array(value.utf8)) == "malformed-json")
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800x""#, #""\ud800\n""#, #"["\udfff"]"#, #"{"\ud83d":1}"#,
    ])
    func loneSurrogates(_ value: String) {
        #expect(JSONGrammarTests.result(ofValue: Array(value.utf8)) == "lone-surrogate")
    }

    @Test(
        arguments: [
            [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xe0, 0x80, 0x80], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xe2, 0x82],
            [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xfe],
            [0xf0, 0x9f, 0x8f],
        ] as [[UInt8]])
    func illFormedUTF8(_ bytes: [UInt8]) {
        for padding in 0..<9 {
            let value = [UInt8](repeating: 0x61, count: padding)
            #expect(JSONGrammarTests.result(ofValue: [0x22] + value + bytes + [0x22]) == "invalid-utf8")
        }
    }

    @Test func nesting() {
        // The event's own object is the first level.
        func nested(_ levels: Int, _ open: String, _ close: String, inside: String = "") -> [UInt8] {
            Array((String(repeating: open, count: levels) + inside + String(repeating: close, count: levels)).utf8)
        }
        #expect(JSONGrammarTests.result(ofValue: nested(63, "[", "]")) == "accepted")
        #expect(JSONGrammarTests.result(ofValue: nested(64, "[", "]")) == "too-deep")
        #expect(JSONGrammarTests.result(ofValue: nested(63, #"{"a":"#, "}", inside: "1")) == "accepted")
        #expect(JSONGrammarTests.result(ofValue: nested(64, #"{"a":"#, "}", inside: "1")) == "too-deep")
        #expect(JSONGrammarTests.result(ofValue: nested(100_000, "[", "]")) == "too-deep")
        #expect(JSONGrammarTests.result(ofValue: nested(100_000, #"{"a":"#, "}")) == "too-deep")
    }

    @Test(
        arguments: [
            ("443", .value(443)), ("443.0", .value(443)), ("4.43e2", .value(443)), ("4430e-1", .value(443)), ("443.5", .fractional),
            ("0", .value(0)), ("-0", .value(0)), ("0.000", .value(0)), ("0e99999999999999999999", .value(0)), ("1e-1", .fractional),
            ("9223372036854775807", .value(.max)), ("9223372036854775808", .outOfRange), ("-9223372036854775808", .value(.min)),
            ("-9223372036854775809", .outOfRange), ("1e18", .value(1_000_000_000_000_000_000)), ("1e19", .outOfRange),
            ("1e99999999999999999999", .outOfRange), ("1e-99999999999999999999", .fractional),
            ("99999999999999999999", .outOfRange),
            ("100000000000000000000e-10", .value(10_000_000_000)),
        ] as [(String, JSONNumber.Reading)])
    func wholeNumbers(_ text: String, _ wanted: JSONNumber.Reading) {
        var copy = text
        let value = copy.withUTF8 { bytes in
            UnsafeRawBufferPointer(bytes).baseAddress.map { JSONNumber.whole($0, bytes.count) }
        }
        #expect(value == wanted)
    }

    @Test func integersOfAllLengths() {
        for text in ["0", "7", "-7", "18446744073709551616", "9223372036854775807", "-9223372036854775808", "-9223372036854775809"] {
            var copy = text
            let value = copy.withUTF8 { bytes in
                UnsafeRawBufferPointer(bytes).baseAddress.flatMap { JSONNumber.integer($0, bytes.count) }
            }
            #expect(value == Int64(text))
        }
    }

    /// Whatever the standard library takes for UTF-8, and nothing else, is well-formed.
    @Test func utf8AgreesWithTheStandardLibrary() {
        var dice = Dice(7)
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<dice.below(12) {
                switch dice.below(4) {
                case 0: bytes.append(UInt8(dice.below(128)))
                case 1: bytes.append(UInt8(dice.below(256)))
                default: bytes += Array(String(Unicode.Scalar(UInt32(dice.below(0x110000))) ?? "x").utf8)
                }
            }
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            let found = bytes.withUnsafeBytes { UTF8Check.firstProblem($0) }
            #expect((found == nil) == isValid, "\(bytes)")
        }
    }

    /// Escapes read back what was written.
    @Test func escapesInvert() throws {
        var dice = Dice(11)
        for _ in 0..<2_000 {
            var text = ""
            for _ in 0..<dice.below(20) { text.unicodeScalars.append(Unicode.Scalar(UInt32(dice.below(0x3000))) ?? "\"") }
            var copy = JSONEscapes.stored.escaped(text) + "\""
            let back = try copy.withUTF8 { bytes -> String in
                let base = try #require(UnsafeRawBufferPointer(bytes).baseAddress)
                var cursor = JSONCursor(base, base + bytes.count)
                let value = try cursor.string()
                return JSONUnescaping.text(value.start, value.count, value.kind)
            }
            #expect(back == text)
        }
    }
}
