internal import ArgumentParser

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Policy snapshots: import, check, test, show, compare, explain and narrow them.",
        subcommands: [
            PolicyImportCommand.self, PolicyCheckCommand.self, PolicyTestCommand.self, PolicyShowCommand.self,
            PolicyDiffCommand.self, PolicyExplainCommand.self, PolicyUnusedCommand.self, PolicySuggestCommand.self,
        ])
}
