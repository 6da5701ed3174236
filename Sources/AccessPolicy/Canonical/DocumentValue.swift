import TextEncodings

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
        var writer = JSONWriter(.canonical)
        write(into: &writer)
        return writer.bytes
    }

    private func write(into json: inout JSONWriter) {
        switch self {
        case .text(let text): json.string(text)
        case .number(let value): json.number(value)
        case .flag(let value): json.flag(value)
        case .list(let items):
            json.array { for item in items { item.write(into: &$0) } }
        case .mapping(let entries):
            // Keys are ASCII: their order by bytes is the order by UTF-16 units that RFC 8785 asks for.
            let sorted = entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            json.object {
                for entry in sorted {
                    $0.name(entry.key)
                    entry.value.write(into: &$0)
                }
            }
        }
    }
}
