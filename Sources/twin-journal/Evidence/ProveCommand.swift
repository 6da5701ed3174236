import ArgumentParser
import FlowJournal
import Glibc
import TerminalSupport
import Wording

struct ProveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Write a proof that a record's frame is in the journal, checkable offline without this program.",
        discussion: """
            Writes PREFIX.tlog-proof (C2SP tlog-proof@v1) and PREFIX.ndjson.gz, the frame. `twin-journal verify-proof` and \
            docs/verify-proof.py check the two against the public key. A proof rests on one checkpoint and one key: after a change of keys, \
            frames that only the successor signed for are proved with --key of the successor. Exit status: 0 written, 5 the journal was \
            tampered with, 6 no checkpoint by the key covers the frame.

            Example:
              twin-journal prove journals/office --key office.key.pub --sequence 4711 --out evidence
            """)

    @Argument(help: "The journal's directory.")
    var journal: String

    @Option(help: KeyArgument.help)
    var key: [String]

    @Option(help: ArgumentHelp("The record that the proof is about.", valueName: "sequence"))
    var sequence: UInt64?

    @Option(help: ArgumentHelp("Instead of a record: the frame's place in the journal, from 0.", valueName: "place"))
    var frame: UInt64?

    @Option(help: ArgumentHelp("Beginning of the two files' names; default frame-PLACE.", valueName: "prefix"))
    var out: String?

    func validate() throws {
        guard (sequence == nil) != (frame == nil) else { throw ValidationError("give either --sequence or --frame") }
        guard !key.isEmpty else { throw ValidationError("give --key") }
    }

    func run() throws {
        let prover = JournalProver(try Inputs.journal(journal), keys: try key.map(KeyArgument.trusted))
        let result = try proof(by: prover)
        let prefix = out ?? "frame-\(result.proof.index)"
        try ResultFile.write(Array(result.proof.encoded.utf8), to: prefix + TransparencyProof.fileExtension)
        try ResultFile.write(result.member, to: prefix + ".ndjson.gz")
        let records = result.frame.header.map { "records \($0.firstSequence)...\($0.lastSequence)" } ?? "its records"
        let output = OutputStream()
        try output.write("\(prefix)\(TransparencyProof.fileExtension)\n\(prefix).ndjson.gz\n".escapedLines)
        try output.flush()
        Message.write(
            "frame \(result.proof.index), \(records), under the checkpoint of \(result.proof.checkpoint.head.size) frames")
    }

    // On its own: inside the closure above, the typed `do` breaks the optimiser of Swift 6.3.
    private func proof(by prover: JournalProver) throws -> JournalProver.Proof {
        do throws(JournalProver.Problem) {
            return try prover.prove(sequence.map { .sequence($0) } ?? .frame(frame ?? 0))
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ problem: JournalProver.Problem) -> CommandFailure {
        switch problem {
        case .system(let problem): Failure.of(problem)
        case .notFound:
            CommandFailure(.undecidable, "the journal has no \(sequence.map { "record \($0)" } ?? "frame \(frame ?? 0)")")
        case .unsealed(let frame):
            CommandFailure(.undecidable, "no checkpoint signed by the key covers frame \(frame)")
        case .handedOver(let frame, let successor):
            CommandFailure(
                .undecidable,
                "frame \(frame) is only under checkpoints of `\(Escaping.terminal(successor.name))`, to which the journal was handed over; give "
                    + "that key, too, as `--key FILE:ORIGIN`: its public key is `\(Escaping.terminal(successor.line))`")
        case .tampered(let size):
            CommandFailure(
                .tampered,
                "the first \(size) frames are not those that a checkpoint was signed over; `twin-journal verify` says more")
        }
    }
}

extension String {
    /// Each line made harmless for a terminal.
    fileprivate var escapedLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { Escaping.terminal(String($0)) }.joined(separator: "\n")
    }
}
