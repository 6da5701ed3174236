import ArgumentParser
import FlowJournal
import Glibc
import TerminalSupport
import Wording

struct VerifyProofCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-proof",
        abstract: "Check a proof against a frame and a public key.",
        discussion: """
            Exit status: 0 the frame is in the journal that the key signs for, 5 it is not, or the proof was changed, 6 the checkpoint in \
            the proof is not signed by the key.

            Example:
              twin-journal verify-proof evidence.tlog-proof --frame evidence.ndjson.gz --key office.key.pub
            """)

    @Argument(help: "The proof, a tlog-proof@v1 file.")
    var proof: String

    @Option(help: ArgumentHelp("The frame: one gzip member as it stands in the segment.", valueName: "file"))
    var frame: String

    @Option(help: KeyArgument.help)
    var key: [String]

    @Option(help: ArgumentHelp("Origin that the checkpoint must have.", valueName: "name"))
    var origin: String?

    func validate() throws {
        guard !key.isEmpty else { throw ValidationError("give --key") }
    }

    func run() throws {
        let keys = try key.map(KeyArgument.trusted)
        let text = try Inputs.text(of: proof, atMost: TransparencyProof.maxLength)
        guard let parsed = TransparencyProof(text) else {
            throw CommandFailure(.inputRefused, "`\(Escaping.terminal(proof))` is not a tlog-proof@v1 file")
        }
        let member = try VerifyProofCommand.member(frame)
        let check = member.withUnsafeBytes { parsed.check($0, keys) }
        if let origin, parsed.checkpoint.origin != origin {
            throw CommandFailure(
                .undecidable,
                "the checkpoint is of the journal `\(Escaping.terminal(parsed.checkpoint.origin))`, not of `\(Escaping.terminal(origin))`"
            )
        }
        switch check {
        case .proved(let key):
            let output = OutputStream()
            try output.write(
                "proved: frame \(parsed.index) is in the journal `\(Escaping.terminal(parsed.checkpoint.origin))`, under the checkpoint of "
                    + "\(parsed.checkpoint.head.size) frames signed by `\(Escaping.terminal(key.name))`\n")
            try output.flush()
        case .notIncluded:
            throw CommandFailure(.tampered, "the frame is not the one that the proof is about, or one of the two was changed")
        case .wrongSignature:
            throw CommandFailure(.tampered, "the checkpoint in the proof bears a wrong signature")
        case .unknownKey:
            throw CommandFailure(
                .undecidable,
                "the checkpoint in the proof is not signed by a given key that speaks for `\(Escaping.terminal(parsed.checkpoint.origin))`, "
                    + "but by \(VerifyProofCommand.signers(of: parsed)); after a change of keys, give the successor's public key as "
                    + "`--key FILE:\(Escaping.terminal(parsed.checkpoint.origin))`")
        }
    }

    /// Names and ids of the keys that a proof's signatures name, right or wrong.
    private static func signers(of proof: TransparencyProof) -> String {
        proof.note.signatures.map { "`\(Escaping.terminal($0.name))+\($0.keyIDText)`" }.joined(separator: ", ")
    }

    /// The bytes of the file as they are, compressed.
    private static func member(_ path: String) throws -> [UInt8] {
        let segment = try SegmentFile(path: path)
        let size = try segment.size()
        guard size <= UInt64(FrameHeader.maxMemberLength) else {
            throw CommandFailure(.inputRefused, "`\(Escaping.terminal(path))` is longer than a frame can be")
        }
        return try segment.member(of: Frame(form: .foreign, offset: 0, length: size))
    }
}
