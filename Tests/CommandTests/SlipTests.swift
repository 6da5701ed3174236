import Foundation
import Testing

/// What the programs make of misspelt commands and options, and how they name themselves.
struct SlipTests {
    static let programs = ["twin-audit", "twin-journal", "twin-simulate"]

    /// The commands below a command, as its help lists them.
    private static func commands(_ program: Program, _ path: [String], _ folder: Folder) throws -> [String] {
        let help = try program.run(path + ["--help"], in: folder)
        #expect(help.status == 0)
        guard let list = help.output.range(of: "SUBCOMMANDS:\n") else { return [] }
        return help.output[list.upperBound...].split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
            .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }.compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    /// Two neighbours in the middle change places; a letter is doubled when that changes nothing.
    private static func misspelt(_ word: String) -> String {
        var letters = Array(word)
        let middle = letters.count / 2
        if letters[middle] == letters[middle - 1] {
            letters.insert(letters[middle], at: middle)
        } else {
            letters.swapAt(middle - 1, middle)
        }
        return String(letters)
    }

    @Test("a misspelt command is a usage error that names the right one", arguments: programs)
    func misspeltCommands(name: String) throws {
        let folder = try Folder()
        let program = Program(name: name)
        var tried = 0
        var open: [[String]] = [[]]
        while let path = open.popLast() {
            for command in try SlipTests.commands(program, path, folder) {
                let slip = SlipTests.misspelt(command)
                let title = ([name] + path).joined(separator: " ")
                for arguments in [path + [slip], path + [slip, "--no-such-option", "x"], ["help"] + path + [slip]] {
                    let outcome = try program.run(arguments, in: folder)
                    #expect(outcome.status == 2, "\(arguments)")
                    #expect(outcome.output == "", "\(arguments)")
                    let first = outcome.errors.split(separator: "\n").first ?? ""
                    #expect(first == "error: `\(title)` has no command `\(slip)`; did you mean `\(command)`?", "\(arguments)")
                }
                tried += 1
                open.append(path + [command])
            }
        }
        #expect(tried >= 1)
        #expect(name != "twin-audit" || tried > 20, "commands of commands, too")
    }

    @Test(
        "a misspelt option is a usage error that names the right one",
        arguments: [
            ("twin-audit", "access --formt json", "--format"), ("twin-audit", "policy check --fail-on-warning x", "--fail-on-warnings"),
            ("twin-audit", "ingest --polcy=x y", "--policy"), ("twin-journal", "verify --extend x y", "--extends"),
            ("twin-journal", "append --kye x y", "--key"), ("twin-simulate", "--user 3 --out x", "--users"),
        ])
    func misspeltOptions(name: String, arguments: String, right: String) throws {
        let folder = try Folder()
        let outcome = try Program(name: name).run(arguments.split(separator: " ").map(String.init), in: folder)
        #expect(outcome.status == 2)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("Did you mean '\(right)'?"), "\(outcome.errors)")
    }

    @Test("what is not understood is shown without what a terminal would act on", arguments: programs)
    func harmless(name: String) throws {
        let folder = try Folder()
        for argument in ["\u{1b}[31mred", "--\u{1b}[31mred", "--\u{9b}31m=x"] {
            let outcome = try Program(name: name).run([argument], in: folder)
            #expect(outcome.status == 2)
            #expect(!outcome.errors.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{9b}" }, "\(outcome.errors.debugDescription)")
        }
    }

    @Test("the three programs state one version, and so do all pages and texts that state any")
    func version() throws {
        let folder = try Folder()
        let stated = try SlipTests.programs.map { name in
            let outcome = try Program(name: name).run(["--version"], in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.output.hasPrefix(name + " "))
            return outcome.output.dropFirst(name.count + 1).trimmingCharacters(in: .newlines)
        }
        let version = try #require(stated.first)
        #expect(version.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
        #expect(stated.allSatisfy { $0 == version })
        for part in ["docs", "Sources", "packaging", "README.md"] {
            let base = Folder.checkout.appendingPathComponent(part)
            let inside = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
            for file in [base] + inside where ["md", "swift", "py", "service", "json"].contains(file.pathExtension) {
                let text = try String(contentsOf: file, encoding: .utf8)
                for match in text.matches(of: /twin-(?:audit|journal|simulate) (\d+\.\d+\.\d+)/) {
                    #expect(match.output.1 == version, "\(file.path)")
                }
            }
        }
    }
}
