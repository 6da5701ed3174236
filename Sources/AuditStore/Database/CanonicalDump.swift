internal import GRDB

/// Everything that the public views say, in one order: two databases that were filled with the same input dump the same, however the
/// input was cut, and however often ingest was interrupted.
///
/// Left out is what says when and by whom the database was made: `audit_event`.
public enum CanonicalDump {
    static let leftOut: Set<String> = ["audit_event"]

    /// Calls `body` for each row: the view's name, its columns, and the row's values.
    public static func forEach(
        _ database: AuditDatabase, _ body: (_ view: String, _ columns: [String], _ row: [StoredValue]) throws -> Void
    ) throws {
        try database.read { connection in
            for view in Views.names where !leftOut.contains(view) {
                let columns = try connection.columns(in: view).map(\.name)
                let order = columns.indices.map { String($0 + 1) }.joined(separator: ", ")
                let answer = try Answer(connection, sql: "SELECT * FROM \(view) ORDER BY \(order)", arguments: [])
                try answer.forEach { try body(view, columns, $0) }
            }
        }
    }
}
