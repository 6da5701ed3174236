import Foundation
import Testing

@testable import LogFormats

/// Lists that are public interface, in code and in documentation.
@Suite struct ListTests {
    /// The first cells, in backquotes, of the table under a heading of `docs/log-formats.md`.
    static func firstCells(under heading: String) throws -> [String] {
        let text = try String(contentsOf: Place.root.appendingPathComponent("docs/log-formats.md"), encoding: .utf8)
        let section = text.components(separatedBy: "\n## ").first { $0.hasPrefix(heading + "\n") } ?? ""
        return section.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap { row in
            row.split(separator: "`").dropFirst().first.map(String.init)
        }
    }

    @Test func reasons() throws {
        #expect(try ListTests.firstCells(under: "The quarantine") == QuarantineReason.allCases.map(\.rawValue))
    }

    @Test func formats() throws {
        #expect(try ListTests.firstCells(under: "Formats") == InputFormat.allCases.map(\.rawValue))
    }

    /// Every field that is read stands in the documentation under its path.
    @Test func fields() throws {
        let text = try String(contentsOf: Place.root.appendingPathComponent("docs/log-formats.md"), encoding: .utf8)
        for member in EventVocabulary.members {
            let path = member.level == .root ? "`\(member.key)`" : "`\(member.level.key).\(member.key)`"
            #expect(text.contains(path) || text.contains("`.\(member.key)`"), "\(path)")
        }
        for column in ReportColumn.allCases {
            #expect(text.contains("`\(column.rawValue)`") || column.rawValue.hasPrefix("service_account_"), "\(column.rawValue)")
        }
    }

    @Test func limits() {
        #expect(LineLimits.maxLineLength == 1_048_576)
        #expect(JSONLimits.deepest == 64)
        #expect(QuarantinedLine.maxRawLength == 4_096)
        #expect(FormatSniffer.enough == 65_536)
        #expect(EnvelopePeeler.deepestEnvelope == 3)
    }
}
