package import Yams

/// A mapping of a YAML document, read key by key; keys that nobody expects are refused.
package struct HeaderFields {
    package let file: String
    /// Added to YAML's line numbers to get those of the file.
    package let lineOffset: Int
    /// What the mapping describes, for messages.
    package let subject: String
    package let line: Int
    private var fields: [String: Node] = [:]
    package private(set) var order: [String] = []

    package init(_ node: Node, file: String, lineOffset: Int, subject: String, known: Set<String>? = nil) throws(QueryFailure) {
        self.file = file
        self.lineOffset = lineOffset
        self.subject = subject
        line = (node.mark?.line ?? 1) + lineOffset
        guard case .mapping(let mapping) = node else {
            throw QueryFailure(.refused, "\(file):\(line): \(subject) must be a mapping of keys to values")
        }
        for (key, value) in mapping {
            let keyLine = (key.mark?.line ?? 1) + lineOffset
            guard case .scalar(let scalar) = key else {
                throw QueryFailure(.refused, "\(file):\(keyLine): a key of \(subject) must be a text")
            }
            let name = scalar.string
            if let known, !known.contains(name) {
                let list = known.sorted().map { "`\($0)`" }.joined(separator: ", ")
                throw QueryFailure(.refused, "\(file):\(keyLine): \(subject) has no key `\(name)`; it may have \(list)")
            }
            guard fields.updateValue(value, forKey: name) == nil else {
                throw QueryFailure(.refused, "\(file):\(keyLine): \(subject) has the key `\(name)` twice")
            }
            order.append(name)
        }
    }

    /// Parses a whole YAML text.
    package static func compose(
        _ yaml: String, file: String, lineOffset: Int, subject: String, known: Set<String>? = nil
    ) throws(QueryFailure) -> HeaderFields {
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch let error as YamlError {
            let (line, problem) = describe(error)
            throw QueryFailure(.refused, "\(file):\(line + lineOffset): not valid YAML: \(problem)")
        } catch {
            throw QueryFailure(.refused, "\(file):\(1 + lineOffset): not valid YAML")
        }
        guard let node else { throw QueryFailure(.refused, "\(file):\(1 + lineOffset): \(subject) is empty") }
        return try HeaderFields(node, file: file, lineOffset: lineOffset, subject: subject, known: known)
    }

    private static func describe(_ error: YamlError) -> (line: Int, problem: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            (mark.line, problem)
        default: (1, "the document cannot be read")
        }
    }

    package func has(_ key: String) -> Bool { fields[key] != nil }

    package func node(_ key: String) -> Node? { fields[key] }

    package func line(_ key: String) -> Int { fields[key]?.mark.map { $0.line + lineOffset } ?? line }

    package func failure(_ key: String, _ problem: String) -> QueryFailure {
        QueryFailure(.refused, "\(file):\(line(key)): \(problem)")
    }

    package func text(_ key: String) throws(QueryFailure) -> String? {
        guard let node = fields[key] else { return nil }
        guard case .scalar(let scalar) = node else { throw failure(key, "`\(key)` of \(subject) must be a text") }
        return HeaderFields.trimmed(scalar.string)
    }

    package func requiredText(_ key: String) throws(QueryFailure) -> String {
        guard let value = try text(key), !value.isEmpty else { throw failure(key, "\(subject) needs a `\(key)`") }
        return value
    }

    package func texts(_ key: String) throws(QueryFailure) -> [String] {
        guard let node = fields[key] else { return [] }
        guard case .sequence(let sequence) = node else { throw failure(key, "`\(key)` of \(subject) must be a list") }
        var values: [String] = []
        for item in sequence {
            guard case .scalar(let scalar) = item else { throw failure(key, "`\(key)` of \(subject) must be a list of texts") }
            values.append(HeaderFields.trimmed(scalar.string))
        }
        return values
    }

    package func word<Word: RawRepresentable & CaseIterable>(_ key: String, default value: Word?) throws(QueryFailure) -> Word
    where Word.RawValue == String {
        guard let text = try text(key) else {
            if let value { return value }
            throw failure(key, "\(subject) needs a `\(key)`")
        }
        if let word = Word(rawValue: text) { return word }
        let list = Word.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        throw failure(key, "`\(key)` of \(subject) must be one of \(list), not `\(text)`")
    }

    package func flag(_ key: String) throws(QueryFailure) -> Bool {
        switch try text(key) {
        case nil, "false": return false
        case "true": return true
        default: throw failure(key, "`\(key)` of \(subject) must be `true` or `false`")
        }
    }

    package func mapping(_ key: String, _ subject: String, known: Set<String>? = nil) throws(QueryFailure) -> HeaderFields? {
        guard let node = fields[key] else { return nil }
        return try HeaderFields(node, file: file, lineOffset: lineOffset, subject: subject, known: known)
    }

    /// The entries of a list of mappings.
    package func mappings(_ key: String, _ subject: String, known: Set<String>? = nil) throws(QueryFailure) -> [HeaderFields] {
        guard let node = fields[key] else { return [] }
        guard case .sequence(let sequence) = node else { throw failure(key, "`\(key)` must be a list") }
        var values: [HeaderFields] = []
        for item in sequence {
            values.append(try HeaderFields(item, file: file, lineOffset: lineOffset, subject: subject, known: known))
        }
        return values
    }

    private static func trimmed(_ text: String) -> String {
        var view = text[...]
        while let last = view.last, last.isWhitespace { view.removeLast() }
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        return String(view)
    }
}
