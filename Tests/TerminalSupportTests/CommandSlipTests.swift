import ArgumentParser
import Testing

@testable import TerminalSupport

struct CommandSlipTests {
    struct Root: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "root", subcommands: [Ingest.self, Policy.self])
        @Option(name: [.customShort("o"), .long]) var out: String?
        @Flag(name: .shortAndLong) var quiet = false
    }

    struct Ingest: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ingest")
        @Argument var files: [String]
    }

    struct Policy: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "policy", subcommands: [Check.self, Hidden.self])
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "check", aliases: ["review"])
        @Argument var files: [String] = []
    }

    struct Hidden: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "secret", shouldDisplay: false)
    }

    @Test(
        "the first word that stands for a command and names none",
        arguments: [
            ("", nil), ("ingst", "`root` has no command `ingst`; did you mean `ingest`?"),
            ("INGEST", "`root` has no command `INGEST`; did you mean `ingest`?"), ("xyzzy", "`root` has no command `xyzzy`"),
            ("ingest polcy", nil), ("ingest --nothing policy", nil), ("--nothing ingst", nil), ("--nothing=x ingst", nil),
            ("--help ingst", "`root` has no command `ingst`; did you mean `ingest`?"), ("policy", nil), ("policy check", nil),
            ("policy review chck", nil),
            ("policy chekc a b", "`root policy` has no command `chekc`; did you mean `check`?"),
            ("policy secrte", "`root policy` has no command `secrte`"),
            ("help polici", "`root` has no command `polici`; did you mean `policy`?"), ("help policy check", nil),
            ("help policy help", "`root policy` has no command `help`"), ("-- ingst", nil), ("--out ingst ingest", nil),
            ("-o ingst", nil), ("--out=x ingst", "`root` has no command `ingst`; did you mean `ingest`?"),
            ("--quiet ingst", "`root` has no command `ingst`; did you mean `ingest`?"),
            ("-q ingst", "`root` has no command `ingst`; did you mean `ingest`?"),
            ("in\u{1b}gest", "`root` has no command `in\\egest`; did you mean `ingest`?"),
        ] as [(String, String?)])
    func slips(arguments: String, want: String?) {
        let words = arguments.split(separator: " ").map(String.init)
        #expect(CommandSlip(in: words, of: Root.self)?.description == want)
    }
}
