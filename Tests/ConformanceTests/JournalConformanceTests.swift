import FlowJournal
import Foundation
import LogFormats
import Testing

/// Whole journals as data, written by another implementation of the format (`journal/make.py`), with the answers that a verifier must give.
@Suite struct JournalConformanceTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var note: String
        var keys: [String]
        /// Origins that are stated for the keys, one for each; null where a key speaks for the origin that bears its name.
        var origins: [String?]?
        var verdict: String
        var findings: [String]
        var testDescription: String { "\(name): \(note)" }
    }

    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/journal"

    static let cases: [Case] =
        FileManager.default.contents(atPath: directory + "/journals.json").flatMap { try? JSONDecoder().decode([Case].self, from: $0) }
        ?? []

    @Test func everyRecordOfAJournalIsKnownToTheReaderOfEvents() {
        let known = Set(JournalEvent.Kind.allCases.map(\.rawValue))
        #expect(Set(JournalRecordKind.allCases.map { "\($0.name)" }).subtracting(known) == [])
    }

    @Test func thereAreCases() {
        #expect(Self.cases.count > 20)
    }

    @Test(arguments: cases)
    func verdict(journal: Case) throws {
        var verifier = JournalVerifier(JournalDirectory(Self.directory + "/journals/" + journal.name))
        verifier.keys = try journal.keys.enumerated().map { index, line in
            try TrustedKey(NoteVerifier(line), origin: journal.origins?[index] ?? nil)
        }
        let report = try verifier.verify()
        #expect(report.verdict.rawValue == journal.verdict, "\(report.findings)")
        #expect(Set(report.findings.map(\.kind.rawValue)).sorted() == journal.findings, "\(report.findings)")
        // Looking inside every frame does not change the answer.
        verifier.depth = .records
        #expect(try verifier.verify().verdict == report.verdict)
    }
}
