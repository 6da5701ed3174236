import Foundation
import Testing
import TextEncodings

struct EncodingTests {
    private static func bytes(upTo count: Int) -> [UInt8] { (0..<Int.random(in: 0...count)).map { _ in .random(in: .min ... .max) } }

    @Test("base64 is what Foundation makes of the same bytes, and is read again")
    func base64() {
        for _ in 0..<2_000 {
            let bytes = EncodingTests.bytes(upTo: 40)
            let text = Base64.encode(bytes)
            #expect(text == Data(bytes).base64EncodedString())
            #expect(Base64.decode(text) == bytes)
        }
    }

    @Test("one value has one text: whatever is read is what would be written")
    func strict() {
        for text in ["A", "AA", "AAA", "AB==", "AAB=", "AA=A", "A===", "====", "AA AA", "AAAA\n", "AA-_", "ÄAAA"] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
        let letters = Array("AQgwB+/=9z \n")
        for _ in 0..<20_000 {
            let text = String((0..<Int.random(in: 0...8)).map { _ in letters.randomElement() ?? "A" })
            if let bytes = Base64.decode(text) { #expect(Base64.encode(bytes) == text) }
            #expect((Base64.decode(text) == nil) == (Data(base64Encoded: text)?.base64EncodedString() != text), "\(text)")
        }
    }

    @Test("two lower-case digits for each byte, and back")
    func hexadecimal() {
        for _ in 0..<500 {
            let bytes = EncodingTests.bytes(upTo: 40)
            let text = Hexadecimal.text(bytes)
            #expect(text == bytes.map { String(format: "%02x", $0) }.joined())
            #expect(Hexadecimal.decode(text) == bytes)
            let number = UInt32.random(in: .min ... .max) >> UInt32.random(in: 0...31)
            #expect(Hexadecimal.text(number) == String(format: "%08x", number))
        }
        #expect(Hexadecimal.text(UInt8(7)) == "07")
        #expect(Hexadecimal.text(UInt64.max) == "ffffffffffffffff")
        for text in ["0", "0A", "g0", "00 ", "0x00", "٠٠"] { #expect(Hexadecimal.decode(text) == nil, "\(text)") }
    }
}
