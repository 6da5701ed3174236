/// Identifiers of the administration interface: base64 of `Type:decimal`, of which logs carry the decimal part.
public enum GlobalID {
    /// `UmVzb3VyY2U6MzQwNDQ3` gives (`Resource`, `340447`); nil for anything else.
    public static func decode(_ text: some StringProtocol) -> (type: String, id: String)? {
        guard let bytes = decodeBase64(text.utf8), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let type = bytes[..<colon]
        let digits = bytes[(colon + 1)...]
        guard !type.isEmpty, type.allSatisfy({ ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122) }),
            !digits.isEmpty, digits.allSatisfy({ $0 >= 48 && $0 <= 57 })
        else { return nil }
        return (String(decoding: type, as: UTF8.self), String(decoding: digits, as: UTF8.self))
    }

    /// The decimal part of a global id; any other text as it is.
    public static func decimal(_ text: String) -> String {
        decode(text)?.id ?? text
    }

    public static func encode(type: String, id: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array("\(type):\(id)".utf8)
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word = 0
            for offset in 0..<3 { word = word << 8 | (offset < count ? Int(bytes[start + offset]) : 0) }
            for position in 0..<4 {
                output.append(position <= count ? alphabet[word >> (18 - 6 * position) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Standard alphabet, padding required, unused bits zero (RFC 4648 §4).
    private static func decodeBase64(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard !text.isEmpty, text.count % 4 == 0 else { return nil }
        var output: [UInt8] = []
        var word = 0
        var bits = 0
        var padding = 0
        for byte in text {
            if byte == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = sextet(byte) else { return nil }
            word = word << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: word >> bits))
                word &= (1 << bits) - 1
            }
        }
        guard padding <= 2, word == 0, bits == 2 * padding || padding == 0 && bits == 0 else { return nil }
        return output
    }

    private static func sextet(_ byte: UInt8) -> Int? {
        switch byte {
        case 65...90: Int(byte) - 65
        case 97...122: Int(byte) - 71
        case 48...57: Int(byte) + 4
        case 43: 62
        case 47: 63
        default: nil
        }
    }
}
