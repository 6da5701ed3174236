internal import ArgumentParser

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Policy snapshots: import them, and ask the engine about them.",
        subcommands: [PolicyImportCommand.self, PolicyExplainCommand.self])
}
