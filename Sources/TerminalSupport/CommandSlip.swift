internal import ArgumentParser
internal import Wording

/// A word that stands where a command's name belongs and names none.
struct CommandSlip: CustomStringConvertible {
    /// What has commands and not this one, such as `twin-audit policy`.
    var command: String
    var word: String
    /// The command that was probably meant.
    var nearest: String?

    var description: String {
        let meant = nearest.map { "; did you mean `\($0)`?" } ?? ""
        return "`\(command)` has no command `\(Escaping.terminal(word))`\(meant)"
    }

    /// Walks down the commands that the arguments name, to the first word that names none; nil when there is no such word.
    init?(in arguments: [String], of root: any ParsableCommand.Type) {
        var command = root
        var path = CommandSlip.name(of: root)
        var isHelp = false
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, argument != "--" else { return nil }
            if argument.hasPrefix("-"), argument.utf8.count > 1 {
                // What follows an option that nobody knows may be its value; the parser complains of the option.
                guard let takesValue = CommandSlip.takesValue(argument, command) else { return nil }
                if takesValue, !argument.contains("=") { index += 1 }
            } else if let next = subcommands.first(where: { CommandSlip.names(of: $0).contains(argument) }) {
                command = next
                path += " " + CommandSlip.name(of: next)
            } else if argument == "help", !isHelp {
                isHelp = true
            } else {
                let shown = subcommands.filter { $0.configuration.shouldDisplay }
                self.command = path
                word = argument
                nearest = NearestWord.find(argument, among: shown.map { CommandSlip.name(of: $0) })
                return
            }
        }
        return nil
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? command._commandName
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [name(of: command)] + command.configuration.aliases
    }

    /// Whether an option of the command is followed by its value, which is then no command; nil when the command has no such option. The
    /// parser tells it in the help only, where an option stands at the beginning of a line, its value in angle brackets.
    private static func takesValue(_ argument: String, _ command: any ParsableCommand.Type) -> Bool? {
        let option = argument.prefix { $0 != "=" }
        for line in command.helpMessage(for: command, includeHidden: true, columns: 1_000).split(separator: "\n")
        where line.hasPrefix("  -") {
            let words = line.split(separator: " ").prefix { $0.hasPrefix("-") || $0.hasPrefix("<") }
            if words.contains(where: { $0 == option || $0 == option + "," }) { return words.last?.hasPrefix("<") == true }
        }
        return nil
    }
}
