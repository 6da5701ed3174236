internal import AccessPolicy
internal import ArgumentParser
internal import FlowModel
internal import FlowStore
internal import TerminalSupport

struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "One flow's or session's whole path, with the grant that allowed it and the bytes that prove it.",
        discussion: """
            ID is a connection id, the number of a flow (flow_id), or session:N with a session_id of `timeline`; filters and --gap are for
            sessions, and the same as there.

            Examples:
              twin-audit trace 0ad57047272b4c99-213
              twin-audit trace session:42 --format json
            """)

    @Argument(help: ArgumentHelp("What to trace.", valueName: "id"))
    var id: String
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var filters: FilterOptions
    @OptionGroup var pause: PauseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var timeline = TimelineQuestion()
        timeline.filter = try filters.filter()
        timeline.gapMs = try pause.milliseconds()
        let subject = TraceQuestion.Subject(id, timeline: timeline)
        if case .session = subject {
        } else if !timeline.filter.description.isEmpty {
            throw CommandFailure(.usage, "filters tell which flows of a session are meant; `\(id)` is no session")
        }
        let database = try database.open()
        let (traces, count) = try TraceQuestion(subject).ask(database)
        guard !traces.isEmpty else {
            let coverage = try Coverage(database)
            throw CommandFailure(
                .undecidable,
                "no flow `\(id)` among the \(coverage.flows) in the database; ids are shown by `access`, `timeline` and `replay --flows`"
            )
        }
        let history = try database.policyHistory()
        let offset = try output.offsetMinutes()
        let writer = RowWriter(format: output.format, columns: ["flow", "part", "field", "value"], output: OutputStream())
        for trace in traces {
            let flow = trace.fields.first { $0.name == "flow_id" }.map { Cell($0.value) } ?? .null
            for step in TraceCommand.steps(of: trace, history: history) {
                let value: Cell
                if case .integer = step.value, step.field.hasSuffix("_at") {
                    value = Cell(step.value, isTime: true, offsetMinutes: offset)
                } else {
                    value = Cell(step.value)
                }
                try writer.write([flow, .text(step.part), .text(step.field), value])
            }
        }
        try writer.finish()
        if count > traces.count {
            Message.warning("shown are \(traces.count) of \(count) flows; `query sql` has the view flow for the rest")
        }
    }

    private struct Step {
        var part: String
        var field: String
        var value: StoredValue
    }

    /// Which part of the path each column of the view `flow` belongs to, in the order of the path.
    private static let parts: [(part: String, fields: [String])] = [
        ("who", ["principal_kind", "principal", "principal_id", "service_key_id"]),
        ("client", ["device_id", "client_ip", "location"]),
        ("path", ["path", "relay"]),
        ("connector", ["connector", "connector_id", "network", "network_id"]),
        ("destination", ["requested", "address", "resource_ip", "port", "protocol", "resource_id", "applied_rule"]),
        (
            "outcome",
            [
                "connection_id", "outcome", "started_at", "ended_at", "bytes_received", "bytes_transferred", "close_reason",
                "error",
                "recorded_effect", "recorded_reason", "recorded_policy_version", "recorded_policy_digest",
            ]
        ),
        ("verdict", ["verdict", "reason", "expected_resource_id", "qualifiers", "policy_version"]),
    ]

    private static func steps(of trace: FlowTrace, history: PolicyHistory?) -> [Step] {
        var steps: [Step] = []
        for (part, names) in parts {
            for name in names {
                if let field = trace.fields.first(where: { $0.name == name }) {
                    steps.append(Step(part: part, field: name, value: field.value))
                }
            }
            if part == "destination", let resolution = trace.resolution {
                steps.append(Step(part: "resolution", field: "record", value: .text(resolution.body)))
            }
        }
        steps += policySteps(trace, history)
        for (index, record) in trace.records.enumerated() {
            let part = index == 0 ? "proof: first record" : "proof: last record"
            steps.append(Step(part: part, field: "file", value: .text(record.path)))
            steps.append(Step(part: part, field: "sha256", value: .text(record.digest)))
            if let frame = record.frame, let offset = record.frameOffset, let length = record.frameLength {
                steps.append(Step(part: part, field: "frame", value: .text("\(frame), bytes \(offset)..<\(offset + length)")))
            }
            if let sequence = record.sequence { steps.append(Step(part: part, field: "sequence", value: .integer(sequence))) }
            steps.append(Step(part: part, field: "line", value: .integer(record.line)))
            steps.append(Step(part: part, field: "offset", value: .integer(record.offset)))
        }
        for match in trace.sourceMatches { steps += TraceCommand.steps(of: match) }
        return steps
    }

    /// Where another source tells of the flow, and what it says otherwise.
    private static func steps(of match: FlowSourceMatch) -> [Step] {
        var steps = [
            Step(part: "other source", field: "file", value: .text(match.record.path)),
            Step(part: "other source", field: "sha256", value: .text(match.record.digest)),
            Step(part: "other source", field: "line", value: .integer(match.record.line)),
            Step(part: "other source", field: "offset", value: .integer(match.record.offset)),
            Step(
                part: "other source", field: "relation", value: .text(match.differences.isEmpty ? "same" : "conflict")),
        ]
        for difference in match.differences {
            steps.append(Step(part: "conflict: Connector", field: difference.name, value: difference.original))
            steps.append(Step(part: "conflict: other source", field: difference.name, value: difference.matched))
        }
        return steps
    }

    /// The policy in force and the grants by which it allows.
    private static func policySteps(_ trace: FlowTrace, _ history: PolicyHistory?) -> [Step] {
        guard let policy = history?.inForce(at: trace.facts.startedAt) else {
            return [Step(part: "policy", field: "in_force", value: .text("none is known for that time"))]
        }
        var steps = [Step(part: "policy", field: "digest", value: .text(policy.digest))]
        let verdict = policy.evaluate(trace.facts.request)
        for grant in verdict.grants {
            let subject: String
            switch grant.subject {
            case .group(let id):
                let name = policy.snapshot.groups.first { $0.id == id }?.name ?? id
                subject = "group \(name) (\(id))"
            case .serviceAccount(let id): subject = "service account \(id)"
            }
            let resource = verdict.resourceID ?? ""
            let expiry = grant.expiresAt.map { ", until \($0)" } ?? ""
            steps.append(Step(part: "policy", field: "grant", value: .text("\(subject) may reach Resource \(resource)\(expiry)")))
        }
        return steps
    }
}
