internal import Detection
internal import FlowModel
internal import FlowStore
internal import QueryCatalogue
internal import QueryLibrary

/// Values as people read them, not yet escaped for any place.
enum ReportWording {
    /// An em dash stands for what is absent.
    static let absent = "–"
    /// Enough digits of a digest to tell files apart at a glance; other forms have all.
    private static let digestLength = 16

    static func text(_ value: StoredValue, _ kind: QueryFile.Column.Kind) -> String {
        switch (kind, value) {
        case (_, .null): absent
        case (.time, .integer(let number)): minutes(number)
        case (.duration, .integer(let number)): Quantities.duration(milliseconds: number)
        case (.bytes, .integer(let number)): Quantities.bytes(number)
        case (.integer, .integer(let number)): Quantities.count(number)
        case (.share, .real(let number)): percent(number)
        case (.share, .integer(let number)): percent(Double(number))
        case (.digest, .text(let text)): String(text.prefix(digestLength)) + (text.utf8.count > digestLength ? "…" : "")
        default: value.plain.isEmpty ? absent : value.plain
        }
    }

    static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1_000).rounded())
        return tenths < 100 && tenths % 10 != 0 ? "\(tenths / 10).\(tenths % 10) %" : "\((tenths + 5) / 10) %"
    }

    /// `2026-10-08 06:00:12 UTC` without the fraction: people compare it with clocks.
    static func minutes(_ milliseconds: Int64) -> String {
        let text = Timestamp(milliseconds: milliseconds).rfc3339
        return String(text.prefix(10)) + " " + String(text.dropFirst(11).prefix(8))
    }

    /// Where a record stands, with its flow.
    static func evidence(_ evidence: FindingEvidence) -> String {
        evidence.place + flow(evidence)
    }

    /// As `evidence`, with only the end of a long path: pages for people list the files in full elsewhere.
    static func shortEvidence(_ evidence: FindingEvidence) -> String {
        guard evidence.journal == nil else { return evidence.place + flow(evidence) }
        let parts = evidence.source.split(separator: "/")
        let name = parts.count > pathParts ? "…/" + parts.suffix(pathParts).joined(separator: "/") : evidence.source
        return "\(name) line \(evidence.line)" + flow(evidence)
    }

    /// A directory and the file in it.
    private static let pathParts = 2

    private static func flow(_ evidence: FindingEvidence) -> String { evidence.flowID.map { ", flow \($0)" } ?? "" }

    /// The verdict classes for readers who meet them for the first time.
    static let glossary: [(term: String, meaning: String)] = [
        ("enforced", "The Connector let it through, and the policy in force allowed it through the same Resource."),
        ("blocked", "The Connector refused it, and the policy in force denied it."),
        ("over-permitted", "The Connector let it through, and the policy in force denied it: the enforcement failure."),
        ("over-blocked", "The Connector refused it, and the policy in force allowed it."),
        ("misrouted", "It was allowed, but through another Resource or rule than the one that applies."),
        ("unverifiable", "No policy in force is known for that moment, or it does not say enough."),
        ("stale", "An older policy explains the difference, and the change was still on its way to the Connector."),
        ("stale-late", "An older policy explains the difference, and the change should have arrived."),
        ("outlived", "It stayed open after its permission had ended."),
        ("ambiguous", "Several Resources match equally well."),
        ("posture-unknown", "It was allowed, and the record does not carry what the security policy asks for."),
    ]
}
