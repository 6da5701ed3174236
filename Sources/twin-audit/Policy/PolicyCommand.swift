internal import ArgumentParser

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Policy snapshots: import, check, test, show and compare them, and ask the engine about them.",
        subcommands: [
            PolicyImportCommand.self, PolicyCheckCommand.self, PolicyTestCommand.self, PolicyShowCommand.self,
            PolicyDiffCommand.self, PolicyExplainCommand.self,
        ])
}
