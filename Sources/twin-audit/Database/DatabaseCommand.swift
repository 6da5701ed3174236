internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import TerminalSupport
internal import Wording

struct DatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db", abstract: "Look after the database file.",
        subcommands: [
            DatabaseInfoCommand.self, DatabaseCheckCommand.self, DatabaseDumpCommand.self, DatabaseMigrateCommand.self,
            DatabasePruneCommand.self, DatabaseVacuumCommand.self, DatabaseBackupCommand.self,
        ])
}

struct DatabaseInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "What the database holds.", discussion: "Example:\n  twin-audit db info")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let database = try database.open()
        let coverage = try Coverage(database)
        let writer = RowWriter(format: output.format, columns: ["field", "value"], output: OutputStream())
        try writer.write([.text("file"), .text(database.path)])
        try writer.write([.text("sources"), .integer(coverage.sources)])
        try writer.write([.text("flows"), .integer(coverage.flows)])
        try writer.write([.text("flows_not_judged"), .integer(coverage.unjudged)])
        try writer.write([.text("first_start"), coverage.first.map { .time($0.rfc3339) } ?? .null])
        try writer.write([.text("last_start"), coverage.last.map { .time($0.rfc3339) } ?? .null])
        try writer.write([.text("policy_snapshots"), .integer(coverage.snapshots)])
        try writer.finish()
    }
}

struct DatabaseCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the file, and that the roll-up agrees with the flows.",
        discussion: "Example:\n  twin-audit db check")

    @OptionGroup var database: DatabaseOptions

    func run() throws {
        let result = try DatabaseCheck.run(database.open())
        for problem in result.problems { Message.error(Escaping.terminal(problem)) }
        for damage in result.unreadable { Message.error(Escaping.terminal("could not be checked: " + damage)) }
        guard result.unreadable.isEmpty else {
            throw CommandFailure(.environment, "the database is damaged; build it again from the journals and logs, or restore a backup")
        }
        guard result.isSound else {
            throw CommandFailure(.badAnswer, "the database is not sound; build it again from the journals and logs")
        }
        Message.write("the database is sound")
    }
}

struct DatabaseMigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the schema up to date.", discussion: "Example:\n  twin-audit db migrate")

    @OptionGroup var database: DatabaseOptions

    func run() throws {
        _ = try database.open(.readWrite)
        Message.write("the schema is up to date")
    }
}
