internal import AccessPolicy
internal import FlowModel
internal import FlowStore
internal import Replay
internal import TerminalSupport

/// Prints which Resources and grants a period exercised.
struct CoverageListing {
    let output: OutputOptions

    private static let columns = [
        "resource_id", "resource", "address", "grant", "exercised", "flows", "principals", "first_seen", "last_seen", "in_force",
    ]

    func write(
        _ history: PolicyHistory, _ options: EngineOptions, _ database: AuditDatabase, _ period: (since: Timestamp, until: Timestamp)
    ) throws {
        var survey = UseSurvey(.history(history), options: options)
        survey.since = period.since
        survey.until = period.until
        let report = try survey.run(database)
        guard report.flows > 0, let first = report.first, let last = report.last else {
            Message.write("nothing was examined: the database holds no flows of that period")
            throw ExitStatusError(.undecidable)
        }
        let writer = RowWriter(format: output.format, columns: CoverageListing.columns, output: OutputStream())
        let rows = PolicyCoverage(report).rows
        for row in rows {
            try writer.write([
                .text(row.resource.id), .text(row.resource.name), .text(row.resource.address.text), .text(row.subjectText),
                .text(row.isExercised ? "yes" : "never"), .integer(row.flows), .integer(row.principals),
                row.firstSeen.map { .time($0.rfc3339) } ?? .null, row.lastSeen.map { .time($0.rfc3339) } ?? .null,
                .text(row.isCurrent ? "yes" : "no"),
            ])
        }
        try writer.finish()
        func sum(_ isGrant: Bool) -> String {
            let some = rows.filter { ($0.subject != nil) == isGrant }
            return "\(some.count(where: \.isExercised)) of \(some.count)"
        }
        Message.write(
            """
            \(sum(false)) Resources and \(sum(true)) grants were exercised by \(report.flows) flows from \(first) to \(last); \
            \(report.denied) are not allowed by the policy in force, \(report.undecided) cannot be decided
            """)
    }
}
