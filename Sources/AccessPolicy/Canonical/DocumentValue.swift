/// A value to be written as canonical JSON or as YAML.
package enum DocumentValue {
    case text(String)
    case number(Int64)
    case flag(Bool)
    case list([DocumentValue])
    /// Written in this order by YAML, in the order of keys by canonical JSON.
    case mapping([(key: String, value: DocumentValue)])

    package var isScalar: Bool {
        switch self {
        case .text, .number, .flag: true
        case .list, .mapping: false
        }
    }
}

extension DocumentValue {
    /// Canonical JSON (RFC 8785): keys in order, no blanks, the fewest escapes.
    func canonicalJSON() -> [UInt8] {
        var output: [UInt8] = []
        writeCanonical(to: &output)
        return output
    }

    private func writeCanonical(to output: inout [UInt8]) {
        switch self {
        case .text(let text): DocumentValue.quote(text, to: &output)
        case .number(let value): output.append(contentsOf: String(value).utf8)
        case .flag(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .list(let items):
            output.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                item.writeCanonical(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .mapping(let entries):
            output.append(UInt8(ascii: "{"))
            // Keys are ASCII: their order by bytes is the order by UTF-16 units that RFC 8785 asks for.
            let sorted = entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for (index, entry) in sorted.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                DocumentValue.quote(entry.key, to: &output)
                output.append(UInt8(ascii: ":"))
                entry.value.writeCanonical(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func quote(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 8: output.append(contentsOf: "\\b".utf8)
            case 9: output.append(contentsOf: "\\t".utf8)
            case 10: output.append(contentsOf: "\\n".utf8)
            case 12: output.append(contentsOf: "\\f".utf8)
            case 13: output.append(contentsOf: "\\r".utf8)
            case ..<32: output.append(contentsOf: "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
