public import FlowModel
internal import GRDB

/// The auditor's own log: every command that changes or exports the database leaves a row.
enum AuditLog {
    static func write(_ database: Database, at: Timestamp, actor: String, command: String, detail: String) throws {
        try database.execute(
            sql: "INSERT INTO action (at, actor, command, detail) VALUES (?, ?, ?, ?)",
            arguments: [at.milliseconds, actor, command, detail])
    }

    static func detail(of report: IngestReport) -> String {
        var object = JSONObjectText()
        object.add("files", Int64(report.filesRead))
        object.add("files_known", Int64(report.filesKnown))
        object.add("new_flows", report.newFlows)
        object.add("completions", report.completions)
        object.add("duplicates", report.duplicates)
        object.add("recognised", report.recognised)
        object.add("conflicts", report.conflicts)
        object.add("noise", report.noise)
        object.add("quarantined", report.quarantined)
        object.add("new_snapshots", Int64(report.newSnapshots))
        object.add("judged_again", report.judgedAgain)
        object.add("refused", Int64(report.refusals.count))
        return object.text
    }
}

extension AuditDatabase {
    /// Leaves a row in the auditor's own log.
    public func log(at: Timestamp, actor: String, command: String, detail: JSONObjectText) throws {
        try write { try AuditLog.write($0, at: at, actor: actor, command: command, detail: detail.text) }
    }
}
