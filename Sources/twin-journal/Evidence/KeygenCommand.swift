import ArgumentParser
import FileAccess
import FlowJournal
import Glibc
import TerminalSupport
import Wording

struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a key pair that signs and checks checkpoints.",
        discussion: """
            Writes the private key to FILE, readable by its owner only, and the public one to FILE.pub: one line, name+hash+base64, as \
            signed notes have it. Give FILE.pub to whoever is to check the journal, before anything happens.

            Example:
              twin-journal keygen --out office.key --name acme.example/connectors/office
            """)

    @Option(help: ArgumentHelp("File for the private key; it must not exist.", valueName: "file"))
    var out: String

    @Option(
        help: ArgumentHelp(
            "Name of the key and origin of its journal, best a URL without scheme; default is made of the host's name.",
            valueName: "name"))
    var name: String?

    func run() throws {
        let keyName = name ?? KeygenCommand.defaultName
        guard let signer = NoteSigner.generate(name: keyName) else {
            throw CommandFailure(
                .usage, "`\(Escaping.terminal(keyName))` cannot be a key's name: it must not be empty or have spaces or `+` in it")
        }
        try KeygenCommand.write(signer.line + "\n", to: out, mode: 0o600)
        do {
            try KeygenCommand.write(signer.verifier.line + "\n", to: out + ".pub", mode: 0o644)
        } catch {
            unlink(out)
            throw error
        }
        let output = OutputStream()
        try output.write(signer.verifier.line + "\n")
        try output.flush()
    }

    private static var defaultName: String {
        let host = String(
            (Present.host ?? "host").unicodeScalars.filter { !$0.properties.isWhitespace && $0 != "+" && $0.value > 0x20 })
        return (host.isEmpty ? "host" : host) + "/twin-journal"
    }

    private static func write(_ text: String, to path: String, mode: mode_t) throws {
        do {
            try WholeFile.create(Array(text.utf8), at: path, permissions: mode)
        } catch {
            throw CommandFailure(.environment, error.description)
        }
    }
}
