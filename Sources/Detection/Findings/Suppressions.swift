public import FlowModel
public import QueryCatalogue

/// Findings that somebody has looked at and set aside, as a file says: shown with that reason, never hidden.
public struct Suppressions: Sendable {
    public struct Entry: Hashable, Sendable {
        public var ruleID: String?
        /// The beginning of a finding's id.
        public var findingID: String?
        /// Fields of the subject that must have these values, as text.
        public var subject: [String: String]
        public var reason: String
        public var author: String
        /// From this instant on the entry no longer holds.
        public var expires: Timestamp
        /// Line of the file.
        public var line: Int
    }

    public let path: String
    public let entries: [Entry]

    private static let keys: Set<String> = ["suppressions"]
    private static let entryKeys: Set<String> = ["rule", "finding", "subject", "reason", "author", "expires"]
    /// 32 bits: enough that a prefix is no accident.
    private static let shortestPrefix = 8

    public static let none = Suppressions(path: "", entries: [])

    private init(path: String, entries: [Entry]) {
        self.path = path
        self.entries = entries
    }

    /// Reads a YAML document with a list `suppressions`.
    public init(_ text: String, path: String) throws(QueryFailure) {
        let root = try HeaderFields.compose(
            text, file: path, lineOffset: 0, subject: "the suppressions file", known: Suppressions.keys)
        var entries: [Entry] = []
        for fields in try root.mappings("suppressions", "a suppression", known: Suppressions.entryKeys) {
            let rule = try fields.text("rule")
            let finding = try fields.text("finding")
            guard rule != nil || finding != nil else {
                throw QueryFailure(.refused, "\(path):\(fields.line): a suppression needs a `rule` or a `finding`")
            }
            if let finding, finding.utf8.count < Suppressions.shortestPrefix {
                throw fields.failure(
                    "finding", "`finding` needs at least \(Suppressions.shortestPrefix) digits of the finding's id")
            }
            var subject: [String: String] = [:]
            if let mapping = try fields.mapping("subject", "`subject`") {
                for name in mapping.order { subject[name] = try mapping.text(name) ?? "" }
            }
            let expiryText = try fields.requiredText("expires")
            guard let expires = Timestamp(expiryText) ?? Timestamp(expiryText + "T00:00:00Z") else {
                throw fields.failure("expires", "`expires` must be a date or an RFC 3339 time, not `\(expiryText)`")
            }
            entries.append(
                Entry(
                    ruleID: rule, findingID: finding, subject: subject, reason: try fields.requiredText("reason"),
                    author: try fields.requiredText("author"), expires: expires, line: fields.line))
        }
        self.init(path: path, entries: entries)
    }

    /// The index of the first entry that speaks of `finding` and holds at `now`.
    func match(_ finding: Finding, now: Timestamp) -> Int? {
        entries.firstIndex { entry in
            guard now < entry.expires else { return false }
            if let id = entry.findingID, !finding.id.hasPrefix(id) { return false }
            if let rule = entry.ruleID, rule != finding.ruleID { return false }
            return entry.subject.allSatisfy { name, value in
                if let field = finding.subject.first(where: { $0.name == name }) { return field.value.plain == value }
                switch name {
                case "principal": return finding.principal == value
                case "resource": return finding.resource == value
                case "connector": return finding.connector == value
                default: return false
                }
            }
        }
    }
}

extension Suppressions.Entry {
    /// As findings carry it.
    var sentence: String { "\(author): \(reason) (until \(expires.rfc3339))" }
}
