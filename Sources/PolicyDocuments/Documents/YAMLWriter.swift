public import AccessPolicy

extension PolicySnapshot {
    /// The document for people, notes included.
    public func yaml() -> String {
        SnapshotWriter.document(self, withNotes: true).yaml()
    }
}

extension DocumentValue {
    /// Lines longer than this are broken where a list or a mapping allows it.
    private static let lineWidth = 110

    /// YAML in block style, short mappings and lists of scalars on one line.
    func yaml() -> String {
        var output = ""
        writeBlock(to: &output, indent: 0)
        return output
    }

    private func writeBlock(to output: inout String, indent: Int) {
        let margin = String(repeating: " ", count: indent)
        switch self {
        case .text, .number, .flag: output += margin + DocumentValue.scalar(self) + "\n"
        case .list(let items):
            for item in items {
                if let line = item.flow(limit: DocumentValue.lineWidth - indent) {
                    output += margin + "- " + line + "\n"
                } else {
                    var block = ""
                    item.writeBlock(to: &block, indent: indent + 2)
                    output += margin + "- " + block.dropFirst(indent + 2)
                }
            }
        case .mapping(let entries):
            for (key, value) in entries {
                if case .list(let items) = value, !items.isEmpty, items.allSatisfy(\.isScalar) {
                    output += margin + key + ": " + DocumentValue.wrapped(items, indent: indent) + "\n"
                } else if value.isScalar {
                    output += margin + key + ": " + DocumentValue.scalar(value) + "\n"
                } else if case .mapping = value, let line = value.flow(limit: DocumentValue.lineWidth - indent - key.utf8.count) {
                    output += margin + key + ": " + line + "\n"
                } else if case .list(let items) = value, items.isEmpty {
                    output += margin + key + ": []\n"
                } else {
                    output += margin + key + ":\n"
                    value.writeBlock(to: &output, indent: indent + 2)
                }
            }
        }
    }

    /// One line, when it fits and nothing deeper than a list of scalars is inside.
    private func flow(limit: Int) -> String? {
        switch self {
        case .text, .number, .flag: return DocumentValue.scalar(self)
        case .list(let items):
            guard items.count <= limit / 2, items.allSatisfy(\.isScalar) else { return nil }
            let text = "[" + items.map(DocumentValue.scalar).joined(separator: ", ") + "]"
            return text.utf8.count <= limit ? text : nil
        case .mapping(let entries):
            var parts: [String] = []
            for (key, value) in entries {
                if case .mapping = value { return nil }
                guard let inner = value.flow(limit: limit) else { return nil }
                parts.append("\(key): \(inner)")
            }
            let text = "{" + parts.joined(separator: ", ") + "}"
            return text.utf8.count <= limit ? text : nil
        }
    }

    private static func wrapped(_ items: [DocumentValue], indent: Int) -> String {
        let margin = "\n" + String(repeating: " ", count: indent + 2)
        var output = "["
        var column = indent
        for (index, item) in items.enumerated() {
            let text = scalar(item)
            if index > 0 { output += column + text.utf8.count > lineWidth ? "," : ", " }
            if column + text.utf8.count > lineWidth {
                output += margin
                column = indent + 2
            }
            output += text
            column += text.utf8.count + 2
        }
        return output + "]"
    }

    private static func scalar(_ value: DocumentValue) -> String {
        switch value {
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        case .text(let text): isPlain(text) ? text : quotedYAML(text)
        case .list, .mapping: "null"
        }
    }

    /// Only texts that every YAML reader takes for a text stay without quotes.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first), text.utf8.count <= 200 else { return false }
        guard
            text.utf8.allSatisfy({
                isLetter($0) || ($0 >= 48 && $0 <= 57) || $0 == 45 || $0 == 46 || $0 == 64 || $0 == 95 || $0 == 47
            })
        else { return false }
        return !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
    }

    private static func quotedYAML(_ text: String) -> String {
        var output = "\""
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\t": output += "\\t"
            // After these an ampersand would look like an anchor to a careful reader.
            case "&" where "-:?[{,".unicodeScalars.contains(previous): output += "\\u0026"
            case _
            where scalar.value < 32 || (0x7f...0x9f).contains(scalar.value) || scalar.value == 0x2028
                || scalar.value == 0x2029 || scalar.value == 0xfeff || scalar.value == 0xfffe || scalar.value == 0xffff:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
            if scalar != " " { previous = scalar }
        }
        return output + "\""
    }
}
