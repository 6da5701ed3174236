import ArgumentParser
import FlowJournal
import TerminalSupport
import TextEncodings
import Wording

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Say whether a journal is intact, was tampered with, or cannot be proved.",
        discussion: """
            Everything is recomputed from the journal's bytes. Exit status: 0 intact, that is, every frame is under a checkpoint signed by a \
            given key and the journal was closed; 5 tampered with; 6 cannot be proved. For a journal that is being written, \
            --sealed-part judges what is under the last checkpoint.

            Example:
              twin-journal verify journals/office --key office.key.pub
            """)

    @Argument(help: "The journal's directory.")
    var journal: String

    @Option(help: KeyArgument.help)
    var key: [String] = []

    @Option(
        help: ArgumentHelp(
            "Checkpoint of this journal, or copy of its file `checkpoints`, that was kept elsewhere: the journal must extend the last one in it. May be repeated.",
            valueName: "file"))
    var extends: [String] = []

    @Option(help: ArgumentHelp("Origin that the journal must have.", valueName: "name"))
    var origin: String?

    @Flag(help: "Also inflate and check every record under a seal, not only hashes; finds what a faulty writer sealed.")
    var deep = false

    @Flag(help: "Judge only frames under the last checkpoint: an unsealed tail and an open end are no findings.")
    var sealedPart = false

    @Option(help: "table for people, or json.")
    var format = OutputFormat.table

    func validate() throws {
        guard format == .table || format == .json else { throw ValidationError("--format is table or json") }
    }

    func run() throws {
        var verifier = JournalVerifier(try Inputs.journal(journal))
        verifier.keys = try key.map(KeyArgument.trusted)
        verifier.remembered = try extends.map { try VerifyCommand.head($0, verifier.keys) }
        verifier.origin = origin
        verifier.depth = deep ? .records : .seals
        verifier.sealedPartOnly = sealedPart
        verifier.settleMs = VerifyCommand.settleMs
        let report = try verifier.verify()
        let output = OutputStream()
        try output.write(format == .json ? ReportText.json(report) : ReportText.people(report, journal))
        try output.flush()
        if let status = report.verdict.failure { throw ExitStatusError(status) }
    }

    /// Longer than copying programs pause between two writes.
    private static let settleMs: Int64 = 1_000

    /// Years of checkpoints.
    private static let maxKeptLength = 1 << 30

    /// The head that a checkpoint names; with keys, one of them must have signed it.
    private static func head(_ path: String, _ keys: [TrustedKey]) throws -> TreeHead {
        let text = try Inputs.text(of: path, atMost: maxKeptLength)
        guard let last = Checkpoint.last(in: text) else {
            throw CommandFailure(.inputRefused, "`\(Escaping.terminal(path))` is not a checkpoint")
        }
        if !keys.isEmpty, case .wrongSignature = last.note.check(keys.map(\.verifier)) {
            throw CommandFailure(.inputRefused, "`\(Escaping.terminal(path))` bears a wrong signature")
        }
        return last.checkpoint.head
    }
}

extension Verdict {
    /// Nil when intact.
    var failure: ExitStatus? {
        switch self {
        case .intact: nil
        case .tampered: .tampered
        case .cannotBeProved: .undecidable
        }
    }

    var words: String {
        switch self {
        case .intact: "intact"
        case .tampered: "tampered"
        case .cannotBeProved: "cannot be proved"
        }
    }
}

/// A verification report as text.
enum ReportText {
    static func people(_ report: VerificationReport, _ journal: String) -> String {
        var text = "\(report.verdict.words): `\(Escaping.terminal(journal))`"
        if let origin = report.origin { text += " (origin `\(Escaping.terminal(origin))`)" }
        text +=
            "\n  \(report.head.size) frames, \(report.recordCount) records, \(report.byteCount) bytes in \(report.segmentCount) segments"
        text += "; \(report.checkpointCount) checkpoints\n"
        text += "  tree: size \(report.head.size), root \(report.head.root.base64)\n"
        if let sealed = report.sealed { text += "  sealed: size \(sealed.size), root \(sealed.root.base64)\n" }
        for finding in report.findings { text += "  " + Escaping.terminal(finding.description) + "\n" }
        if report.furtherFindings > 0 { text += "  and \(report.furtherFindings) more\n" }
        return text
    }

    static func json(_ report: VerificationReport) -> String {
        JSONWriter.text(.shown) {
            $0.object {
                $0.member("verdict", report.verdict.rawValue)
                $0.name("origin")
                if let origin = report.origin { $0.string(origin) } else { $0.null() }
                $0.member("frames", report.head.size)
                $0.member("records", report.recordCount)
                $0.member("bytes", report.byteCount)
                $0.member("segments", report.segmentCount)
                $0.member("checkpoints", report.checkpointCount)
                $0.name("tree")
                write(report.head, into: &$0)
                $0.name("sealed")
                if let sealed = report.sealed { write(sealed, into: &$0) } else { $0.null() }
                $0.array("findings") { for finding in report.findings { write(finding, into: &$0) } }
                $0.member("further_findings", report.furtherFindings)
            }
        } + "\n"
    }

    private static func write(_ head: TreeHead, into json: inout JSONWriter) {
        json.object {
            $0.member("size", head.size)
            $0.member("root", head.root.base64)
        }
    }

    private static func write(_ finding: VerificationFinding, into json: inout JSONWriter) {
        func bounds(_ name: String, _ lower: UInt64, _ upper: UInt64, _ json: inout JSONWriter) {
            json.array(name) {
                $0.number(lower)
                $0.number(upper)
            }
        }
        json.object {
            $0.member("kind", finding.kind.rawValue)
            $0.member("verdict", finding.kind.verdict.rawValue)
            $0.member("explanation", finding.explanation)
            $0.member("file", finding.file)
            if let bytes = finding.bytes { bounds("bytes", bytes.lowerBound, bytes.upperBound, &$0) }
            if let frames = finding.frames { bounds("frames", frames.lowerBound, frames.upperBound, &$0) }
            if let records = finding.records { bounds("records", records.lowerBound, records.upperBound, &$0) }
        }
    }
}
