public import FlowModel
internal import GRDB

/// What the public views say, in one order.
public enum CanonicalDump {
    public enum Scope: Sendable {
        /// All of it: two databases that were filled with the same input dump the same, however the input was cut, and however often
        /// ingest was interrupted. Left out is what says when and by whom the database was made: `audit_event`.
        case everything
        /// What is known, and not how it came: the same for the same records in any order, in any files and envelopes, once or many
        /// times. Left out are numbers and places of records, and the views that are about sources or say over again what `flow` says.
        case facts
    }

    private static let leftOut: Set<String> = ["audit_event"]
    /// Where the bytes of sources are now says nothing of what they are, and numbers of aggregates depend on where transactions ended.
    private static let leftOutColumns: Set<String> = ["found_at", "aggregate_id"]
    private static let notFacts: Set<String> = [
        "audit_event", "source", "quarantine", "journal_frame", "unknown_field", "duration_calibration", "session", "finding",
    ]
    private static let places: Set<String> = [
        "flow_id", "source_id", "source_offset", "source_line", "end_source_id", "end_offset", "end_line", "other_sources",
        "matched_flow_id", "matched_source_id", "matched_source_offset", "matched_source_line", "format", "first_flow", "last_flow",
        "snapshot_id", "offset", "line", "sequence", "other_flow_id",
    ]

    /// Calls `body` for each row: the view's name, its columns, and the row's values.
    public static func forEach(
        _ database: AuditDatabase, _ scope: Scope = .everything,
        _ body: (_ view: String, _ columns: [String], _ row: [StoredValue]) throws -> Void
    ) throws {
        let leftOut = scope == .everything ? leftOut : notFacts
        try database.read { connection in
            for view in Views.names where !leftOut.contains(view) {
                let columns = try connection.columns(in: view).map(\.name).filter {
                    !leftOutColumns.contains($0) && (scope == .everything || !places.contains($0))
                }
                let order = columns.indices.map { String($0 + 1) }.joined(separator: ", ")
                let selected = columns.map { "\"\($0)\"" }.joined(separator: ", ")
                // A record that is no flow may stand in several sources; flows are apart without their numbers too.
                let kind = scope == .facts && view != "flow" ? "DISTINCT " : ""
                let answer = try Answer(connection, sql: "SELECT \(kind)\(selected) FROM \(view) ORDER BY \(order)", arguments: [])
                try answer.forEach { try body(view, columns, $0) }
            }
        }
    }
}
