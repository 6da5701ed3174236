/// Which characters of a string are written as escapes in JSON. Quotes, backslashes and characters below U+0020 always are, as
/// RFC 8259 §7 demands.
public struct JSONEscapes: Sendable {
    /// Control characters that have an escape of one letter, by their letters.
    private let letters: [UInt8: UInt8]
    /// ASCII characters that are escaped although JSON does not demand it.
    private let further: ASCIISet
    /// All ASCII characters that are escaped within strings.
    private let needed: ASCIISet
    /// Further characters outside ASCII; nil when there are none, so that texts need not be decoded.
    private let isFurther: (@Sendable (Unicode.Scalar) -> Bool)?

    public init(letters: String, further: String = "", isFurther: (@Sendable (Unicode.Scalar) -> Bool)? = nil) {
        let known: [(letter: UInt8, byte: UInt8)] = [
            (UInt8(ascii: "b"), 8), (UInt8(ascii: "t"), 9), (UInt8(ascii: "n"), 10), (UInt8(ascii: "f"), 12), (UInt8(ascii: "r"), 13),
        ]
        self.letters = Dictionary(uniqueKeysWithValues: known.filter { letters.utf8.contains($0.letter) }.map { ($0.byte, $0.letter) })
        self.further = ASCIISet(further.utf8)
        needed = ASCIISet(Array(further.utf8) + Array("\"\\".utf8) + Array(0..<0x20))
        self.isFurther = isFurther
    }

    /// RFC 8785: canonical texts, which digests are taken of.
    public static let canonical = JSONEscapes(letters: "btnfr")
    /// Texts that the database holds, and identifiers are made of.
    public static let stored = JSONEscapes(letters: "tnr")
    /// What the database holds of records: control characters by their numbers, DEL among them.
    public static let kept = JSONEscapes(letters: "", further: "\u{7f}")
    /// Records of a journal: DEL is escaped as well, as people look at journals.
    public static let record = JSONEscapes(letters: "tn", further: "\u{7f}")

    /// Appends what stands between the quotes of a string.
    func write(_ text: String, into bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            var index = 0
            while index < utf8.count {
                let byte = utf8[index]
                let width = byte >= 0x80 ? scalar(at: index, in: utf8, of: byte) : needed.contains(byte) ? 1 : 0
                guard width > 0 else {
                    index += 1
                    continue
                }
                bytes.append(contentsOf: utf8[start..<index])
                escape(utf8[index..<index + width], into: &bytes)
                index += width
                start = index
            }
            bytes.append(contentsOf: utf8[start...])
        }
    }

    /// Appends a string with its quotes.
    public func writeQuoted(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        write(text, into: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends well-formed JSON, in which what this escapes beyond what JSON demands is escaped too; outside strings none of it occurs.
    public func write(json text: String, into bytes: inout [UInt8]) {
        guard !further.isEmpty || isFurther != nil else { return bytes.append(contentsOf: text.utf8) }
        var text = text
        text.withUTF8 { utf8 in
            var index = 0
            while index < utf8.count {
                let byte = utf8[index]
                let width = byte >= 0x80 ? scalar(at: index, in: utf8, of: byte) : further.contains(byte) ? 1 : 0
                if width > 0 { escape(utf8[index..<index + width], into: &bytes) } else { bytes.append(byte) }
                index += max(width, 1)
            }
        }
    }

    /// How many bytes the character takes that begins here; 0 when it needs no escape.
    private func scalar(at index: Int, in utf8: UnsafeBufferPointer<UInt8>, of first: UInt8) -> Int {
        guard let isFurther, first >= 0xc2 else { return 0 }
        let width = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
        guard let scalar = String(decoding: utf8[index..<index + width], as: UTF8.self).unicodeScalars.first else { return 0 }
        return isFurther(scalar) ? width : 0
    }

    private func escape(_ character: Slice<UnsafeBufferPointer<UInt8>>, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        if let byte = character.first, character.count == 1 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return bytes.append(byte) }
            if let letter = letters[byte] { return bytes.append(letter) }
        }
        for (index, unit) in String(decoding: character, as: UTF8.self).utf16.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(UInt8(ascii: "u"))
            for shift in stride(from: 12, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: unit >> UInt16(shift) & 15)
                bytes.append(digit < 10 ? 48 + digit : 87 + digit)
            }
        }
    }

    /// What stands between the quotes of a string.
    public func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        write(text, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A string with its quotes.
    public func quoted(_ text: String) -> String { "\"" + escaped(text) + "\"" }
}

/// Some of the 128 ASCII characters, a bit for each.
private struct ASCIISet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte & 63) }
        }
    }

    var isEmpty: Bool { low | high == 0 }

    func contains(_ byte: UInt8) -> Bool {
        (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
    }
}
