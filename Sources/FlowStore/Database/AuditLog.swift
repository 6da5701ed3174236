public import FlowModel
package import GRDB

/// The auditor's own log: every command that changes or exports the database leaves a row.
package enum AuditLog {
    package static func write(_ database: Database, at: Timestamp, actor: String, command: String, detail: String) throws {
        try database.execute(
            sql: "INSERT INTO action (at, actor, command, detail) VALUES (?, ?, ?, ?)",
            arguments: [at.milliseconds, actor, command, detail])
    }
}

extension AuditDatabase {
    /// Leaves a row in the auditor's own log.
    public func log(at: Timestamp, actor: String, command: String, detail: JSONObjectText) throws {
        try write { try AuditLog.write($0, at: at, actor: actor, command: command, detail: detail.text) }
    }
}
