internal import AccessPolicy
public import FlowJournal
internal import FlowModel
internal import PolicyDocuments

/// What a simulation writes, beside policies and truth.
public struct SimulationOutput: Sendable {
    public var journals = true
    /// Real-time logs of Connectors without a journal, in `logs/`.
    public var logs = false
    /// zlib's compression level of journals, 0…9.
    public var level = JournalOptions.defaultLevel
    /// Signs the journals' checkpoints.
    public var key: NoteSigner?
    /// Program and version, as journals name their writer.
    public var software = "twin-simulate"

    public init() {}
}

/// Makes a tenant, its policy history, the records of its Connectors and the list of what is wrong in them.
///
/// The same options give the same files, byte for byte: nothing is taken from the clock, the machine or the environment.
public enum Simulator {
    /// Fills `directory`, which must be empty or absent.
    ///
    /// - Parameter force: replace what an earlier simulation left there.
    public static func run(
        _ options: SimulationOptions, into directory: String, output: SimulationOutput = SimulationOutput(), force: Bool = false
    ) throws(SimulationProblem) -> SimulationSummary {
        try options.check()
        let world = try World(options: options)
        let judge = try Judge(world)
        let plan = Planter.plan(world: world, judge: judge, perKind: options.violationsPerKind)
        guard plan.planted.count <= options.flows else {
            throw SimulationProblem(
                .request, "cannot plant \(plan.planted.count) flows among \(options.flows): ask for more flows or fewer violations")
        }
        let lines = EventLines(tenant: world.tenant, speakers: world.speakers, policies: world.policies, seed: options.seed)
        try OutputDirectory.prepare(directory, force: force)
        try writePolicies(world, to: "\(directory)/\(OutputDirectory.policy)")
        try writeTruth(plan.planted, world, lines, to: "\(directory)/\(OutputDirectory.truth)")

        var logs: [AnalyticsSink] = []
        var recorders: [ConnectorRecorder] = []
        if output.journals { try OutputDirectory.make("\(directory)/\(OutputDirectory.journals)") }
        if output.logs { try OutputDirectory.make("\(directory)/\(OutputDirectory.logs)") }
        for (index, speaker) in world.speakers.enumerated() {
            var sinks: [any EventSink] = []
            if output.journals {
                sinks.append(
                    JournalSink(
                        directory: "\(directory)/\(OutputDirectory.journals)", speaker: speaker, output: output, seed: options.seed)
                )
            }
            if output.logs {
                let log = try AnalyticsSink(path: "\(directory)/\(OutputDirectory.logs)/connector-\(speaker.id).log")
                logs.append(log)
                sinks.append(log)
            }
            recorders.append(
                ConnectorRecorder(sinks: sinks, lines: lines, policies: world.policies, arrivals: world.arrivals(at: index)))
        }
        var traffic = Traffic(
            world: world, recorders: recorders, planted: plan.planted.map(\.flow), judge: judge, flows: options.flows)
        try traffic.run(flows: options.flows)
        for log in logs { try log.finish() }

        var summary = SimulationSummary()
        summary.flows = traffic.told
        summary.events = recorders.reduce(0) { $0 + $1.eventCount }
        summary.policyChanges = world.story.changes.count
        summary.connectors = world.tenant.connectors.count
        for planted in plan.planted { summary.planted[planted.kind, default: 0] += 1 }
        summary.missing = plan.missing
        return summary
    }

    static func writePolicies(_ world: World, to directory: String) throws(SimulationProblem) {
        try OutputDirectory.make(directory)
        for snapshot in world.snapshots {
            let file = try OutputFile("\(directory)/\(snapshot.effectiveAt.rfc3339).yaml")
            try file.write(Array(snapshot.yaml().utf8))
            try file.close()
        }
    }

    private static func writeTruth(
        _ planted: [Planter.Planted], _ world: World, _ lines: EventLines, to path: String
    ) throws(SimulationProblem) {
        let file = try OutputFile(path)
        let truth = TruthLine(world: world, lines: lines, speakers: world.speakers)
        var line = LineBuffer()
        for one in planted {
            line.clear()
            truth.append(one, &line)
            try file.writeLine(line.bytes)
        }
        try file.close()
    }
}
