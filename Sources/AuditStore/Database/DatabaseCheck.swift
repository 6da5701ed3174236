internal import GRDB

/// Checks that a database is what ingest would have made.
public enum DatabaseCheck {
    /// Sentences about what is wrong; empty when nothing is.
    public static func run(_ database: AuditDatabase) throws -> [String] {
        try database.read { connection in
            var problems = try String.fetchAll(connection, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
            let differing = try Int64.fetchOne(
                connection,
                sql: """
                    SELECT count(*) FROM (
                        SELECT hour, origin_id, target_id, outcome, judgement_id, flows, open, bytes_received, bytes_transferred,
                            first_at, last_at, first_flow, last_flow FROM edge
                        EXCEPT
                        SELECT CASE WHEN started_at >= 0 THEN started_at / 3600000 ELSE (started_at - 3599999) / 3600000 END,
                            origin_id, target_id, state & 3, judgement_id, count(*), sum(duration_ms IS NULL AND state & 3 = 3),
                            sum(coalesce(bytes_received, 0)), sum(coalesce(bytes_transferred, 0)), min(started_at),
                            max(started_at), min(flow_id), max(flow_id)
                        FROM flow_fact GROUP BY 1, 2, 3, 4, 5)
                    """)
            if let differing, differing > 0 {
                problems.append("\(differing) rows of the roll-up disagree with the flows")
            }
            let counts = try Row.fetchOne(
                connection,
                sql:
                    "SELECT (SELECT coalesce(sum(flows), 0) FROM edge), (SELECT count(*) FROM flow_fact), (SELECT count(*) FROM identity)"
            )
            if let counts, counts[0] as Int64 != counts[1] {
                problems.append("the roll-up counts \(counts[0] as Int64) flows, the table has \(counts[1] as Int64)")
            }
            if let counts, counts[1] as Int64 != counts[2] {
                problems.append("\(counts[1] as Int64) flows have \(counts[2] as Int64) identities")
            }
            return problems
        }
    }
}
