internal import ArgumentParser
internal import FlowJournal
internal import FlowModel
internal import Simulation
internal import TerminalSupport

@main
struct Program: CommandProgram {
    static let name = "twin-simulate"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Make a tenant, its policy history and its Connectors' journals, with labelled violations.",
        discussion: """
            Everything follows from the seed and the options: the same command writes the same bytes again. The directory gets
            policy/ (documents named by the time from which they are in force), journals/ (one flow journal for each Connector),
            with --format analytics or both logs/ (real-time logs), and truth.ndjson (what is wrong, one line a flow).

            EXAMPLE
              twin-simulate --out demo --seed 7 --networks 3 --flows 20000 --policy-changes 2
              twin-audit ingest demo/journals --policy demo/policy

            Exit status: 0 done, 2 the request cannot be met, 3 the key is none, 4 the files cannot be written.
            """,
        version: Version.of(name),
        subcommands: [BenchEvents.self])

    @Option(name: .long, help: ArgumentHelp("Directory to fill; made when absent. Required.", valueName: "dir"))
    var out: String?

    @Flag(name: .long, help: "Replace what an earlier simulation left in the directory.")
    var force = false

    @Option(name: .long, help: "Any number; another one makes another tenant and other traffic.")
    var seed: UInt64 = SimulationOptions.defaultSeed

    @Option(name: .long, help: "Users of the tenant.")
    var users = TenantShape.defaultUsers

    @Option(name: .long, help: "Resources of the tenant.")
    var resources = TenantShape.defaultResources

    @Option(name: .long, help: "Remote networks.")
    var networks = TenantShape.defaultNetworks

    @Option(name: .long, help: "Connectors of each Remote network.")
    var connectorsPerNetwork = TenantShape.defaultConnectorsPerNetwork

    @Option(name: .long, help: "Groups, Everyone included.")
    var groups = TenantShape.defaultGroups

    @Option(name: .long, help: "Flows in all, those with planted violations included.")
    var flows = SimulationOptions.defaultFlows

    @Option(name: .long, help: ArgumentHelp("First day, or first minute as RFC 3339.", valueName: "time"))
    var start = SimulationOptions.defaultStart.rfc3339

    @Option(name: .long, help: "Days that the journals cover.")
    var days = 1

    @Option(name: .long, help: "Policy changes during the period.")
    var policyChanges = SimulationOptions.defaultPolicyChanges

    @Option(name: .long, help: "Flows planted of each kind of violation, and of each kind that only looks like one.")
    var violations = SimulationOptions.defaultViolationsPerKind

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case journal
        case analytics
        case both
    }

    @Option(name: .long, help: ArgumentHelp("What Connectors leave behind.", valueName: "form"))
    var format = Format.journal

    @Option(name: .long, help: "zlib level of journals, 0 to 9.")
    var level = JournalOptions.defaultLevel

    @Option(
        name: .long,
        help: ArgumentHelp("Sign the journals with the private key in this file (twin-journal keygen).", valueName: "file"))
    var key: String?

    @Flag(name: .shortAndLong, help: "No summary.")
    var quiet = false

    func run() throws {
        guard let out else {
            throw CommandFailure(.usage, "--out is missing: name the directory to fill, or see `twin-simulate --help`")
        }
        let began = Progress.clock()
        let summary = try Simulator.run(try options(), into: out, output: try output(), force: force)
        if !quiet { Program.report(summary, seconds: Progress.clock() - began) }
    }

    static func failure(of error: any Error) -> CommandFailure? {
        (error as? SimulationProblem).map { CommandFailure($0.kind == .request ? .usage : .environment, $0.message) }
    }

    private func options() throws(SimulationProblem) -> SimulationOptions {
        var options = SimulationOptions()
        options.seed = seed
        options.shape.users = users
        options.shape.resources = resources
        options.shape.networks = networks
        options.shape.connectorsPerNetwork = connectorsPerNetwork
        options.shape.groups = groups
        options.flows = flows
        options.policyChanges = policyChanges
        options.violationsPerKind = violations
        guard let time = Timestamp(start.utf8.count == 10 ? start + "T00:00:00Z" : start) else {
            throw SimulationProblem(
                .request, "`\(start)` is no day and no RFC 3339 time: write `2026-10-05` or `2026-10-05T06:00:00Z`")
        }
        options.period = SimulatedPeriod(start: time, days: days)
        return options
    }

    private func output() throws -> SimulationOutput {
        guard (0...9).contains(level) else {
            throw SimulationProblem(.request, "there is no compression level \(level): give 0 to 9")
        }
        var output = SimulationOutput()
        output.journals = format != .analytics
        output.logs = format != .journal
        output.level = level
        output.software = Version.of(Program.name)
        output.key = try key.map(KeyArgument.signer)
        return output
    }

    private static func report(_ summary: SimulationSummary, seconds: Double) {
        let planted = summary.planted.filter(\.key.isViolation).values.reduce(0, +)
        let lookAlikes = summary.planted.filter { !$0.key.isViolation }.values.reduce(0, +)
        let rate = Int(Double(summary.flows) / max(seconds, 0.001))
        Message.write(
            "\(summary.flows) flows as \(summary.events) events of \(summary.connectors) Connectors, \(summary.policyChanges) policy changes, "
                + "\(planted) flows with violations, \(lookAlikes) that look like it; \(rate) flows/s")
        for kind in ViolationKind.allCases {
            if let missing = summary.missing[kind] {
                Message.warning(
                    "\(missing) flows of kind `\(kind.rawValue)` could not be planted: the tenant or the period has no place for them"
                )
            }
        }
    }
}

/// Writes input for measurements.
struct BenchEvents: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-events",
        abstract: "Write completed connections as bare NDJSON to standard output, for measuring.",
        discussion: """
            2,000 users, 300 Resources, 12 Remote networks with 3 Connectors each; about 565 bytes a line, ascending in time.

            EXAMPLE
              twin-simulate bench-events 1000000 --policy-dir policy | gzip -6 > events.ndjson.gz
            """)

    @Argument(help: "How many lines.")
    var count: Int

    @Option(name: .long, help: "Any number; another one makes other lines.")
    var seed: UInt64 = SimulationOptions.defaultSeed

    @Option(name: .long, help: ArgumentHelp("Also write the policy that allows every line, into this directory.", valueName: "dir"))
    var policyDir: String?

    @Flag(name: .long, help: "Users go to any Resource through any Connector, also without being allowed to: nearly every pair is new.")
    var scattered = false

    func run() throws {
        var events = try BenchmarkEvents(seed: seed, scattered: scattered)
        if let policyDir { try events.writePolicy(into: policyDir) }
        let output = OutputStream()
        for _ in 0..<max(0, count) {
            try events.next().withUnsafeBytes { try output.write($0) }
        }
        try output.flush()
    }
}
