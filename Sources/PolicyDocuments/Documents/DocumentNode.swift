/// A document as a tree in which every part knows its line, whether it was written as YAML or as JSON.
struct DocumentNode {
    enum Content {
        /// A text; `isPlain` when it was written without quotes, so that it may stand for a number, a boolean or null.
        case scalar(String, isPlain: Bool)
        case sequence([DocumentNode])
        /// In the order of the document, keys unique.
        case mapping([Entry])
    }

    struct Entry {
        var key: String
        var line: Int
        var value: DocumentNode
    }

    var content: Content
    var line: Int

    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "null" || text == "~" || text == "Null" || text == "NULL"
    }

    /// The value of `key` in a mapping, nil when there is none or it is null.
    subscript(_ key: String) -> DocumentNode? {
        guard case .mapping(let entries) = content, let entry = entries.first(where: { $0.key == key }),
            !entry.value.isNull
        else { return nil }
        return entry.value
    }

    /// What it is, for messages.
    var kind: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Nesting that any policy document needs is below 20; more is refused so that no input can exhaust the stack.
    static let deepest = 64
    /// A tenant of 100,000 users takes some 30 MB; a larger document is refused before it is read.
    static let largest = 512 << 20
}

extension DocumentNode {
    /// Reads JSON or YAML: a document whose first character is `{` or `[` is JSON, anything else YAML.
    static func read(_ bytes: [UInt8], file: String) throws(PolicyDocumentErrors) -> DocumentNode {
        guard bytes.count <= largest else {
            throw PolicyDocumentErrors(file: file, "the document has more than \(largest >> 20) MB")
        }
        var start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        let first = bytes[start...].first { $0 != 32 && $0 != 9 && $0 != 10 && $0 != 13 }
        guard let first else { throw PolicyDocumentErrors(file: file, "the document is empty") }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            do {
                return try JSONDocumentReader.read(bytes, from: &start)
            } catch {
                throw PolicyDocumentErrors(file: file, line: error.line, error.message)
            }
        }
        return try YAMLDocumentReader.read(bytes[start...], file: file)
    }
}
