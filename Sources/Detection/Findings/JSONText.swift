public import FlowStore

/// JSON as the database stores it.
public enum JSONText {
    /// A string with its quotes (RFC 8259).
    public static func string(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            default:
                if scalar.value < 0x20 {
                    let digits = String(scalar.value, radix: 16)
                    output += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                } else {
                    output.unicodeScalars.append(scalar)
                }
            }
        }
        return output + "\""
    }

    public static func value(_ value: StoredValue) -> String {
        switch value {
        case .null: "null"
        case .integer(let number): String(number)
        case .real(let number): number.isFinite ? StoredValue.format(number) : "null"
        case .text, .blob: string(value.plain)
        }
    }

    /// An object whose keys are in the order given.
    public static func object(_ fields: [(name: String, value: StoredValue)]) -> String {
        "{" + fields.map { string($0.name) + ":" + value($0.value) }.joined(separator: ",") + "}"
    }

    /// The whole numbers of a JSON array; nil when the text is none.
    public static func integers(_ text: String) -> [Int64]? {
        var bytes = Substring(text)
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\n" || character == "\t" }
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        guard bytes.first == "[", bytes.last == "]" else { return nil }
        var numbers: [Int64] = []
        for part in bytes.dropFirst().dropLast().split(separator: ",") {
            let digits = part.filter { !isBlank($0) }
            if digits == "null" { continue }
            guard let number = Int64(digits) else { return nil }
            numbers.append(number)
        }
        return numbers
    }
}
