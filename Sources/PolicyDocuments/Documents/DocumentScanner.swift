import AccessPolicy
import FlowModel
import Wording

/// Where a part of a document stands.
struct SourceLine: Hashable, Sendable {
    var file: String
    var line: Int
}

/// Takes values out of a document tree and collects everything that is wrong with it, so that one run reports every problem.
struct DocumentScanner {
    let file: String
    private(set) var problems: [PolicyProblem] = []

    init(file: String) {
        self.file = file
    }

    mutating func report(_ line: Int, _ message: String) {
        problems.append(PolicyProblem(file: file, line: line, message: message))
    }

    func place(_ node: DocumentNode) -> SourceLine {
        SourceLine(file: file, line: node.line)
    }

    /// The entries of a mapping; reports anything else, and every key that is not in `known`.
    mutating func entries(_ node: DocumentNode, _ what: String, known: Set<String>?) -> [String: DocumentNode] {
        guard case .mapping(let entries) = node.content else {
            report(node.line, "\(what) must be a mapping, not \(node.kind)")
            return [:]
        }
        var fields: [String: DocumentNode] = [:]
        for entry in entries {
            if let known, !known.contains(entry.key) {
                report(entry.line, "\(what) has no key \(entry.key.quoted)\(DocumentScanner.hint(entry.key, known))")
            } else if !entry.value.isNull {
                fields[entry.key] = entry.value
            }
        }
        return fields
    }

    private static func hint(_ key: String, _ known: Set<String>) -> String {
        NearestWord.find(key.filter { $0 != "_" && $0 != "-" }, among: known).map { "; is `\($0)` meant?" } ?? ""
    }

    /// `or`: a word that the caller takes in place of a list, for the message.
    mutating func list(_ node: DocumentNode?, _ what: String, or word: String? = nil) -> [DocumentNode] {
        guard let node else { return [] }
        guard case .sequence(let items) = node.content else {
            report(node.line, "\(what) must be \(word.map { "\($0) or " } ?? "")a list, not \(node.kind)")
            return []
        }
        return items
    }

    /// A scalar as text, numbers as they are written.
    mutating func text(_ node: DocumentNode?, _ what: String, as kind: String = "a text") -> String? {
        guard let node else { return nil }
        guard case .scalar(let text, _) = node.content else {
            report(node.line, "\(what) must be \(kind), not \(node.kind)")
            return nil
        }
        return text
    }

    mutating func flag(_ node: DocumentNode?, _ what: String, default fallback: Bool) -> Bool {
        guard let node else { return fallback }
        if case .scalar(let text, isPlain: true) = node.content {
            if text == "true" { return true }
            if text == "false" { return false }
        }
        report(node.line, "\(what) must be `true` or `false`")
        return fallback
    }

    /// A whole number of at least `lowest`.
    mutating func number(_ node: DocumentNode?, _ what: String, lowest: Int64) -> Int64? {
        guard let text = text(node, what, as: "a whole number"), let node else { return nil }
        guard text.utf8.first != UInt8(ascii: "+"), let value = Int64(text), value >= lowest else {
            report(node.line, "\(what) must be a whole number of at least \(lowest), not \(text.quoted)")
            return nil
        }
        return value
    }

    mutating func time(_ node: DocumentNode?, _ what: String) -> Timestamp? {
        guard let text = text(node, what, as: "a time"), let node else { return nil }
        guard let time = Timestamp(text) else {
            report(node.line, "\(what) must be a time such as `2026-10-08T06:00:00Z`, not \(text.quoted)")
            return nil
        }
        guard DocumentScanner.times.contains(time.milliseconds) else {
            report(node.line, "\(what) must be a time within the years 0 to 9999 in UTC, not \(text.quoted)")
            return nil
        }
        return time
    }

    /// 0000-01-01T00:00:00Z…9999-12-31T23:59:59.999Z: what can be written again with four digits of the year.
    private static let times: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    /// An id: 1 to 128 bytes, no blanks or control characters. Global ids of the administration interface become their decimal part;
    /// `type` is then checked.
    mutating func identifier(_ node: DocumentNode?, _ what: String, type: String? = nil) -> String? {
        guard let text = text(node, what), let node else { return nil }
        guard !text.isEmpty, text.utf8.count <= 128,
            text.unicodeScalars.allSatisfy({ $0.value > 32 && !(0x7f...0x9f).contains($0.value) })
        else {
            report(node.line, "\(what) must be 1 to 128 characters without blanks, not \(text.quoted)")
            return nil
        }
        guard let global = GlobalID.decode(text) else { return text }
        if let type, global.type != type {
            report(node.line, "\(what) \(text.quoted) is the id of a \(global.type), not of a \(type)")
            return nil
        }
        return global.id
    }

    mutating func word<Word: CaseIterable & RawRepresentable<String>>(
        _ node: DocumentNode?, _ what: String, default fallback: Word
    ) -> Word {
        guard let text = text(node, what), let node else { return fallback }
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        report(node.line, "\(what) must be one of \(words), not \(text.quoted)")
        return fallback
    }
}
