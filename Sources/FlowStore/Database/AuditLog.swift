public import FlowModel
package import GRDB
public import TextEncodings

/// The auditor's own log: every command that changes or exports the database leaves a row.
package enum AuditLog {
    /// - Parameter detail: writes the members of the row's JSON object.
    package static func write(
        _ database: Database, at: Timestamp, actor: String, command: String, detail: (inout JSONWriter) -> Void
    ) throws {
        try database.execute(
            sql: "INSERT INTO action (at, actor, command, detail) VALUES (?, ?, ?, ?)",
            arguments: [at.milliseconds, actor, command, JSONWriter.text(.kept) { $0.object(detail) }])
    }
}

extension AuditDatabase {
    /// Leaves a row in the auditor's own log.
    ///
    /// - Parameter detail: writes the members of the row's JSON object.
    public func log(at: Timestamp, actor: String, command: String, detail: (inout JSONWriter) -> Void) throws {
        try write { try AuditLog.write($0, at: at, actor: actor, command: command, detail: detail) }
    }
}
