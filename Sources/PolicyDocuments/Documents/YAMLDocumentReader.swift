import AccessPolicy
import Wording
import Yams

/// Reads the part of YAML that policy documents need: mappings, lists and scalars. Anchors, aliases and several documents in one
/// stream are refused, so that no small text can grow into a large tree; tags have no effect.
enum YAMLDocumentReader {
    static func read(_ bytes: ArraySlice<UInt8>, file: String) throws(PolicyDocumentErrors) -> DocumentNode {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PolicyDocumentErrors(file: file, "the document is not UTF-8 text")
        }
        if let line = lineOfAnchor(in: bytes) {
            throw PolicyDocumentErrors(
                file: file, line: line,
                "anchors (`&name`) are not part of policy documents; write the value out, or quote it")
        }
        // Tags are of no interest: without resolver rules no scalar is held against a dozen regular expressions.
        let parser: Parser
        let root: Node?
        do {
            parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            root = try parser.singleRoot()
        } catch {
            throw PolicyDocumentErrors([problem(error, file: file)])
        }
        guard let root else { throw PolicyDocumentErrors(file: file, "the document is empty") }
        var problems: [PolicyProblem] = []
        // Nodes hold their anchors weakly: the parser that owns them must outlive the walk that looks for them.
        let tree = withExtendedLifetime(parser) { convert(root, depth: 0, file: file, parentLine: 1, &problems) }
        guard problems.isEmpty else { throw PolicyDocumentErrors(problems) }
        return tree
    }

    /// An anchor can only begin where a value begins: after a line's start or one of `- : ? [ { ,`.
    private static func lineOfAnchor(in bytes: ArraySlice<UInt8>) -> Int? {
        var line = 1
        var previous: UInt8 = 0
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            let next = index + 1 < bytes.endIndex ? bytes[index + 1] : 10
            if byte == 10 {
                line += 1
                previous = 0
            } else if byte == UInt8(ascii: "&"), next > 32 {
                switch previous {
                case 0, UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "{"),
                    UInt8(ascii: ","):
                    return line
                default: break
                }
            }
            if byte != 32, byte != 9, byte != 10, byte != 13 { previous = byte }
            index += 1
        }
        return nil
    }

    private static func convert(
        _ node: Node, depth: Int, file: String, parentLine: Int, _ problems: inout [PolicyProblem]
    ) -> DocumentNode {
        let line = node.mark?.line ?? parentLine
        func refuse(_ message: String) -> DocumentNode {
            problems.append(PolicyProblem(file: file, line: line, message: message))
            return DocumentNode(content: .scalar("", isPlain: true), line: line)
        }
        guard depth <= DocumentNode.deepest else { return refuse("nested deeper than \(DocumentNode.deepest) levels") }
        if node.anchor != nil { return refuse("anchors and aliases are not part of policy documents") }
        switch node {
        case .scalar(let scalar):
            return DocumentNode(
                content: .scalar(scalar.string, isPlain: scalar.style == .plain || scalar.style == .any), line: line)
        case .sequence(let sequence):
            let items = sequence.map { convert($0, depth: depth + 1, file: file, parentLine: line, &problems) }
            return DocumentNode(content: .sequence(items), line: line)
        case .mapping(let mapping):
            var entries: [DocumentNode.Entry] = []
            var keys: Set<String> = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key else {
                    problems.append(PolicyProblem(file: file, line: key.mark?.line ?? line, message: "a key must be a text"))
                    continue
                }
                let keyLine = name.mark?.line ?? line
                guard keys.insert(name.string).inserted else {
                    problems.append(
                        PolicyProblem(file: file, line: keyLine, message: "the key \(name.string.quoted) is there twice"))
                    continue
                }
                let child = convert(value, depth: depth + 1, file: file, parentLine: keyLine, &problems)
                entries.append(DocumentNode.Entry(key: name.string, line: keyLine, value: child))
            }
            return DocumentNode(content: .mapping(entries), line: line)
        case .alias:
            return refuse("anchors and aliases are not part of policy documents")
        }
    }

    private static func problem(_ error: any Error, file: String) -> PolicyProblem {
        guard let error = error as? YamlError else {
            return PolicyProblem(file: file, line: 0, message: "not valid YAML")
        }
        switch error {
        case .scanner(let context, let what, let mark, _), .parser(let context, let what, let mark, _),
            .composer(let context, let what, let mark, _):
            let isAlias = what.contains("alias") || (context?.text.contains("alias") ?? false)
            let hint = isAlias ? "; a value that begins with `*` must be in quotes" : ""
            return PolicyProblem(file: file, line: mark.line, message: "not valid YAML: \(what)\(hint)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map(\.quoted).joined(separator: ", ")
            return PolicyProblem(file: file, line: context.mark.line, message: "the key \(names) is there twice")
        case .reader(let what, _, _, _):
            return PolicyProblem(file: file, line: 0, message: "not valid YAML: \(what)")
        default:
            return PolicyProblem(file: file, line: 0, message: "not valid YAML")
        }
    }
}
