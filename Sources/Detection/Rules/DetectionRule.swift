public import QueryCatalogue

/// How bad a finding is, from least to worst.
public enum Severity: String, Sendable, CaseIterable, Comparable {
    case info
    case low
    case medium
    case high
    case critical

    private var rank: Int { Severity.allCases.firstIndex(of: self) ?? 0 }

    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
}

/// A detection: a statement whose every row is a finding.
public struct DetectionRule: Hashable, Sendable {
    /// Whose word a finding rests on.
    public enum Witness: String, Sendable, CaseIterable {
        /// What Connectors wrote about their own traffic; a Connector that lies defeats the rule.
        case connector
        /// The structure of journals: sequence, frames.
        case journal
    }

    /// What must be in the database for the rule to say anything.
    public enum Need: String, Sendable, CaseIterable {
        case flows
        /// Flows that the policy engine has judged under a policy in force.
        case verdicts
        /// At least one policy snapshot.
        case policies
        /// Journals with their frames.
        case journals
        /// Records of journals that are no flows, such as `journal_opened`.
        case records = "journal-records"
        /// Flows that carry a location.
        case locations
        /// Flows that name the policy version which the Connector enforced.
        case enforcedVersions = "enforced-versions"
    }

    public var query: QueryFile
    public var severity: Severity
    /// What makes a row a finding, exactly, in words.
    public var precisely: String
    public var witness: Witness
    public var needs: [Need]
    /// Columns that make the finding what it is: its id is a digest of their values.
    public var subject: [String]
    /// A sentence with `{column}` or `{parameter}` where values go.
    public var explanation: String
    public var falsePositives: [String]
    /// Technique ids of MITRE ATT&CK.
    public var attack: [String]
    /// Requirements that the rule gives evidence for, such as `ISO 27001 A.8.15`.
    public var controls: [String]

    public var id: String { query.id }

    static let keys: Set<String> = [
        "severity", "precisely", "witness", "needs", "subject", "explanation", "false_positives", "attack", "controls",
    ]

    /// Columns that every detection gives.
    public static let requiredColumns = ["first_seen", "last_seen", "count"]
    /// Columns with a fixed meaning that a detection may give.
    public static let knownColumns = [
        "principal", "resource", "connector", "severity", "flow_ids", "records",
    ]

    public init(_ text: String, path: String) throws(QueryFailure) {
        let (file, header) = try QueryFile.parse(text, path: path, moreKeys: DetectionRule.keys)
        query = file
        severity = try header.word("severity", default: nil)
        precisely = try header.requiredText("precisely")
        witness = try header.word("witness", default: nil)
        subject = try header.texts("subject")
        explanation = try header.requiredText("explanation")
        falsePositives = try header.texts("false_positives")
        attack = try header.texts("attack")
        controls = try header.texts("controls")
        needs = []
        for word in try header.texts("needs") {
            guard let need = Need(rawValue: word) else {
                let list = Need.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
                throw header.failure("needs", "an entry of `needs` must be one of \(list), not `\(word)`")
            }
            needs.append(need)
        }
        guard !needs.isEmpty else { throw header.failure("needs", "the header needs `needs`: what must be in the database") }
        guard !subject.isEmpty else {
            throw header.failure("subject", "the header needs a `subject`: the columns that tell one finding from another")
        }
        guard Set(subject).count == subject.count else { throw header.failure("subject", "`subject` names a column twice") }
    }
}

extension QueryLibrary {
    /// All rules, in the order of their ids. The first file that cannot be accepted ends the reading.
    public func detections() throws(QueryFailure) -> [DetectionRule] {
        var rules: [DetectionRule] = []
        for path in paths(.detections) { rules.append(try rule(at: path)) }
        return rules
    }

    /// All rules that can be read, and what is wrong with the others.
    public func readableDetections() -> (rules: [DetectionRule], problems: [QueryFailure]) {
        var rules: [DetectionRule] = []
        var problems: [QueryFailure] = []
        for path in paths(.detections) {
            do {
                rules.append(try rule(at: path))
            } catch {
                problems.append(error)
            }
        }
        return (rules, problems)
    }

    private func rule(at path: String) throws(QueryFailure) -> DetectionRule {
        let entry = try required(path)
        return try DetectionRule(entry.text, path: entry.path)
    }
}
