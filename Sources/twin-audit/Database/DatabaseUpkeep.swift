internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import Glibc
internal import TerminalSupport
internal import Wording

struct DatabasePruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Take old flows out of the database.",
        discussion: """
            Takes out the flows that start before a time, brought down to a whole hour, and other records from before it. Who reached what
            stays known by the hour, unless --forget-rollup is given. What was pruned does not come back when its file is read again; to
            have it back, build a new database. The file does not shrink before `twin-audit db vacuum`. The command leaves a row in the
            view audit_event.

            Examples:
              twin-audit db prune --older-than 400d
              twin-audit db prune --older-than 2025-01-01 --forget-rollup
            """)

    @OptionGroup var database: DatabaseOptions

    @Option(help: ArgumentHelp("Flows that start before this time go: 2026-01-01, 400d.", valueName: "time"))
    var olderThan: String
    @Flag(help: "Forget who reached what in that time, too.")
    var forgetRollup = false

    func run() throws {
        guard let time = try TimeOption.parse(olderThan, option: "--older-than") else { return }
        guard time <= Present.now else {
            throw CommandFailure(.usage, "--older-than takes a time in the past; everything would go")
        }
        let pruned = try database.open(.readWrite).prune(
            before: time, forgettingRollup: forgetRollup, at: Present.now, actor: Present.actor)
        Message.write(
            """
            took out \(pruned.flows) flows and \(pruned.records) other records from before \(pruned.before.rfc3339); the roll-up \
            \(forgetRollup ? "forgot \(pruned.hours) rows" : "keeps their sums")
            """)
    }
}

struct DatabaseVacuumCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vacuum", abstract: "Give the space of what was pruned back.",
        discussion: "Needs as much free space as the database takes.\n\nExample:\n  twin-audit db vacuum")

    @OptionGroup var database: DatabaseOptions

    func run() throws {
        try database.open(.readWrite).vacuum(at: Present.now, actor: Present.actor)
        Message.write("the database takes as little space as it can")
    }
}

struct DatabaseBackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write a copy of the database.",
        discussion: """
            The copy is consistent, even while an ingest goes on. The command leaves a row in the view audit_event, of the copy too.

            Example:
              twin-audit db backup /var/backups/audit-2026-11-22.db
            """)

    @OptionGroup var database: DatabaseOptions

    @Argument(help: ArgumentHelp("The file to write; it must not exist.", valueName: "file"))
    var file: String

    func run() throws {
        guard access(file, F_OK) != 0 else {
            throw CommandFailure(.inputRefused, "`\(file)` exists; name a file that does not")
        }
        try database.open(.readWrite).backup(to: file, at: Present.now, actor: Present.actor)
        Message.write("wrote \(Escaping.terminal(file))")
    }
}

struct DatabaseDumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Print everything that the views say, in one order, as NDJSON.",
        discussion: """
            Databases that were filled with the same input dump the same bytes: compare them with `cmp`. Left out is the view audit_event,
            which says when and by whom a database was made. With --facts, databases that were filled with the same records dump the same
            bytes, in whatever order, files and envelopes the records came.

            Examples:
              twin-audit db dump | sha256sum
              twin-audit db dump --facts --db other.db | cmp - facts.ndjson
            """)

    @Flag(help: "Only what is known, without numbers, places and sources.")
    var facts = false
    @OptionGroup var database: DatabaseOptions

    func run() throws {
        let output = OutputStream()
        var writer: RowWriter?
        var current = ""
        try CanonicalDump.forEach(database.open(), facts ? .facts : .everything) { view, columns, row in
            if view != current {
                try writer?.finish()
                writer = RowWriter(format: .ndjson, columns: ["view"] + columns, output: output)
                current = view
            }
            try writer?.write([.text(view)] + row.map { Cell($0) })
        }
        try writer?.finish()
    }
}
