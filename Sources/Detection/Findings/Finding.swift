internal import Crypto
public import FlowModel
internal import QueryCatalogue
internal import QueryLibrary
internal import TextEncodings

/// Something that a rule found, with what it rests on.
public struct Finding: Hashable, Sendable {
    public enum Status: String, Sendable, CaseIterable {
        /// Not there in the previous run.
        case new
        case ongoing
        /// There in the previous run, and no longer.
        case gone
    }

    /// One value of what the finding is about.
    public struct SubjectField: Hashable, Sendable {
        public var name: String
        public var value: StoredValue
    }

    /// SHA-256 of the rule's id and the subject, in hexadecimal: the same for the same trouble in every run.
    public var id: String
    public var ruleID: String
    public var severity: Severity
    public var status: Status
    public var title: String
    public var explanation: String
    public var witness: String
    public var principal: String?
    public var resource: String?
    public var connector: String?
    public var subject: [SubjectField]
    public var firstSeen: Timestamp?
    public var lastSeen: Timestamp?
    public var count: Int64
    /// The thresholds and allowances that were used.
    public var parameters: [SubjectField]
    public var evidence: [FindingEvidence]
    /// Who set the finding aside, why and until when; nil when nobody did.
    public var suppressedBy: String?

    /// The id as people are shown it.
    public var shortID: String { String(id.prefix(Finding.shortLength)) }
    /// 48 bits: no two findings of one installation share them.
    public static let shortLength = 12

    /// Names and values go into the digest with their lengths, so that no two subjects run together.
    static func id(rule: String, subject: [SubjectField]) -> String {
        var hasher = SHA256()
        func add(_ text: String) {
            hasher.update(data: Array("\(text.utf8.count):".utf8))
            hasher.update(data: Array(text.utf8))
        }
        add(rule)
        for field in subject {
            add(field.name)
            add(StoredJSON.value(field.value))
        }
        return Hexadecimal.text(hasher.finalize())
    }

    public var subjectJSON: String { StoredJSON.object(subject) }
    public var parametersJSON: String { StoredJSON.object(parameters) }
    public var evidenceJSON: String {
        JSONWriter.text(.stored) { $0.array { for record in evidence { record.write(into: &$0) } } }
    }
}
