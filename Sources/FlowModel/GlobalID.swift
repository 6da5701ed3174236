internal import TextEncodings

/// Identifiers of the administration interface: base64 of `Type:decimal`, of which logs carry the decimal part.
public enum GlobalID {
    /// `UmVzb3VyY2U6MzQwNDQ3` gives (`Resource`, `340447`); nil for anything else.
    public static func decode(_ text: some StringProtocol) -> (type: String, id: String)? {
        // Most ids are none of these, and the first sextet of a letter is told from others at once.
        guard let first = text.utf8.first, isOfLetter(first), let bytes = Base64.decode(text),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        let type = bytes[..<colon]
        let digits = bytes[(colon + 1)...]
        guard !type.isEmpty, type.allSatisfy({ ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122) }),
            !digits.isEmpty, digits.allSatisfy({ $0 >= 48 && $0 <= 57 })
        else { return nil }
        return (String(decoding: type, as: UTF8.self), String(decoding: digits, as: UTF8.self))
    }

    /// Whether a text in base64 that begins so may mean one that begins with a letter.
    private static func isOfLetter(_ first: UInt8) -> Bool {
        (UInt8(ascii: "Q")...UInt8(ascii: "Z")).contains(first) || (UInt8(ascii: "a")...UInt8(ascii: "e")).contains(first)
    }

    /// The decimal part of a global id; any other text as it is.
    public static func decimal(_ text: String) -> String {
        decode(text)?.id ?? text
    }

    public static func encode(type: String, id: String) -> String {
        Base64.encode(Array("\(type):\(id)".utf8))
    }
}
