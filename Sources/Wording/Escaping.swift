public import TextEncodings

/// Ways to make text from outside harmless for the place where it is shown.
public enum Escaping {
    /// For terminals: control characters (C0, DEL, C1), line and paragraph separators and characters that change the direction of
    /// writing are shown as `\u{…}`, `\n`, `\t` and the like.
    public static func terminal(_ text: String) -> String {
        if isPrintableASCII(text) { return text }
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var output = ""
        for scalar in text.unicodeScalars {
            guard isUnsafe(scalar) else {
                output.unicodeScalars.append(scalar)
                continue
            }
            switch scalar {
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{1b}": output += "\\e"
            default: output += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
        return output
    }

    /// Most texts are, and then nothing in them is unsafe on a terminal.
    @inline(__always)
    private static func isPrintableASCII(_ text: String) -> Bool { hasOnly(text) { $0 &- 0x20 < 0x5f } }

    @inline(__always)
    private static func hasOnly(_ text: String, _ isMeant: (UInt8) -> Bool) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { $0.allSatisfy(isMeant) } ?? text.utf8.allSatisfy(isMeant)
    }

    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029: true
        // Marks, embeddings, overrides and isolates of direction; invisible joiners of words; the byte order mark; tag characters.
        case 0x061c, 0x200b, 0x200e, 0x200f, 0x202a...0x202e, 0x2060...0x2069, 0xfeff, 0xe0000...0xe007f: true
        default: false
        }
    }

    /// A CSV field (RFC 4180) that no spreadsheet takes for a formula: a text that begins with `=`, `+`, `-`, `@`, a tab or a carriage
    /// return gets an apostrophe in front.
    public static func csv(_ text: String, separator: UInt8 = UInt8(ascii: ",")) -> String {
        var text = text
        switch text.utf8.first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 9, 13: text = "'" + text
        default: break
        }
        if hasOnly(text, { $0 != separator && $0 != 34 && $0 != 10 && $0 != 13 }) { return text }
        var output = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { output += "\"\"" } else { output.unicodeScalars.append(scalar) }
        }
        return output + "\""
    }

    /// A TSV field: tab, line feed, carriage return and backslash are written as `\t`, `\n`, `\r`, `\\`.
    public static func tsv(_ text: String) -> String {
        let text = csvFormulaGuard(text)
        if hasOnly(text, { $0 != 9 && $0 != 10 && $0 != 13 && $0 != 92 }) { return text }
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\t": output += "\\t"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\\": output += "\\\\"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    private static func csvFormulaGuard(_ text: String) -> String {
        switch text.utf8.first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"): "'" + text
        default: text
        }
    }

    /// A Markdown table cell or running text: every mark that Markdown or embedded HTML gives a meaning is escaped.
    public static func markdown(_ text: String) -> String {
        var output = ""
        for scalar in terminal(text).unicodeScalars {
            switch scalar {
            case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "#", "!", "|", "~", "+": output += "\\" + String(scalar)
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "&": output += "&amp;"
            // Keeps bare addresses of pages from becoming links.
            case ":" where output.hasSuffix("http") || output.hasSuffix("https"): output += "&#58;"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    /// HTML text or a quoted attribute value.
    public static func html(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "&": output += "&amp;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            default:
                if isUnsafe(scalar) {
                    output += "\\u{" + String(scalar.value, radix: 16) + "}"
                } else {
                    output.unicodeScalars.append(scalar)
                }
            }
        }
        return output
    }
}

extension JSONEscapes {
    /// JSON that people look at: besides what RFC 8259 requires, everything that is unsafe on a terminal is escaped, and `<`, `>`, `&`, so
    /// that it can stand inside HTML.
    public static let shown = JSONEscapes(letters: "tnr", further: "<>&\u{7f}", isFurther: Escaping.isUnsafe)
}
