internal import FlowModel
internal import FlowStore
internal import Replay
internal import TerminalSupport

/// Prints what the records show of each Connector's enforcement.
struct ConnectorListing {
    let output: OutputOptions

    private static let columns = [
        "connector", "flows", "violations", "outside_network", "unknown", "stale", "stale_late", "largest_lag_ms", "backwards",
        "first_backwards_at", "last_policy", "connector_id",
    ]
    private static let dayColumns = ["connector", "day", "flows", "stale", "stale_late", "largest_lag_ms", "backwards"]

    /// Prints nothing when there are no flows.
    func write(byDay: Bool, _ replay: Replay, _ database: AuditDatabase) throws -> ReplaySummary {
        var survey = ConnectorSurvey(history: replay.history, options: replay.options)
        survey.since = replay.since
        survey.until = replay.until
        let (connectors, summary) = try survey.runWithSummary(database)
        guard summary.flows > 0 else { return summary }
        let writer = RowWriter(
            format: output.format, columns: byDay ? ConnectorListing.dayColumns : ConnectorListing.columns, output: OutputStream())
        for facts in connectors {
            let name = Cell.text(facts.name ?? facts.id)
            if byDay {
                for day in facts.days {
                    try writer.write([
                        name, .text(String(day.start.rfc3339.prefix(10))), .integer(day.flows), .integer(day.stale),
                        .integer(day.staleLate),
                        .integer(day.largestLagMs), .integer(day.backwards),
                    ])
                }
            } else {
                try writer.write([
                    name, .integer(facts.flows), .integer(facts.violations), .integer(facts.outsideNetwork), .integer(facts.unknown),
                    .integer(facts.stale), .integer(facts.staleLate), .integer(facts.largestLagMs), .integer(facts.backwards),
                    facts.firstBackwards.map { .time($0.rfc3339) } ?? .null, .text(facts.lastPolicy), .text(facts.id),
                ])
            }
        }
        try writer.finish()
        return summary
    }
}
