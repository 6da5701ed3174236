public import FlowModel
package import GRDB
internal import TextEncodings

/// What pruning took out.
public struct Pruned: Sendable {
    /// Everything that starts before this is gone: the asked time, brought down to a whole hour.
    public var before: Timestamp
    public var flows: Int64 = 0
    public var records: Int64 = 0
    /// Hours of aggregates that left the roll-up.
    public var hours: Int64 = 0
}

extension AuditDatabase {
    /// Takes out flows that start before a time, and other records from before it, in one transaction.
    ///
    /// The roll-up stays unless `forgettingRollup`: who reached what is then known by the hour, without the single flows. Sources,
    /// frames, quarantined lines and identities stay in any case: the same bytes are not taken in again, nor is a flow that was pruned.
    public func prune(
        before time: Timestamp, forgettingRollup: Bool, at now: Timestamp, actor: String
    ) throws -> Pruned {
        try write { database in
            let watermark = try PruneWatermark(database)
            let hour = max(AggregateRollup.hour(of: time.milliseconds), watermark.hour)
            let end = hour.multipliedReportingOverflow(by: AggregateRollup.hourMs)
            var pruned = Pruned(before: Timestamp(milliseconds: end.overflow ? .min : end.partialValue))
            guard !end.overflow else { return pruned }
            let cut = end.partialValue
            func run(_ sql: String) throws -> Int64 {
                try database.execute(sql: sql, arguments: StatementArguments(["cut": cut]))
                return Int64(database.changesCount)
            }
            _ = try run(
                """
                DELETE FROM extra_field WHERE (source_id, offset) IN (
                    SELECT source_id, source_offset FROM flow_fact WHERE started_at < :cut
                    UNION ALL
                    SELECT coalesce(end_source_id, source_id), end_offset FROM flow_fact
                    WHERE started_at < :cut AND end_offset IS NOT NULL)
                """)
            _ = try run(
                "DELETE FROM pending_duration WHERE flow_id IN (SELECT flow_id FROM flow_fact WHERE started_at < :cut)")
            _ = try run("DELETE FROM flow_claim WHERE flow_id IN (SELECT flow_id FROM flow_fact WHERE started_at < :cut)")
            // A match that is left when its original is gone stays one, so that it is not counted beside it.
            _ = try run("DELETE FROM source_match_fact WHERE flow_id IN (SELECT flow_id FROM flow_fact WHERE started_at < :cut)")
            pruned.flows = try run("DELETE FROM flow_fact WHERE started_at < :cut")
            // A run of which nothing is left keeps its numbers, which are not given again, and lists nothing.
            _ = try run(
                """
                DELETE FROM client_flows WHERE first_flow IN (SELECT first_flow FROM flow_run WHERE latest < :cut)
                """)
            pruned.records = try run("DELETE FROM other_record WHERE at < :cut")
            if forgettingRollup {
                try database.execute(sql: "DELETE FROM aggregate_hour WHERE slot < ?", arguments: [AggregateRollup.slot(hour: hour)])
                pruned.hours = Int64(database.changesCount)
                try AggregatePages(database).rebuild(database)
            }
            try PruneWatermark.set(hour, database)
            try AuditLog.write(database, at: now, actor: actor, command: "db prune") {
                $0.member("before", pruned.before.rfc3339)
                $0.member("flows", pruned.flows)
                $0.member("records", pruned.records)
                $0.member("hours", pruned.hours)
            }
            return pruned
        }
    }

    /// Gives the space of what was pruned back to the file system; takes as much free space as the database has.
    public func vacuum(at now: Timestamp, actor: String) throws {
        try withoutTransaction { database in
            try database.execute(sql: "VACUUM")
            try AuditLog.write(database, at: now, actor: actor, command: "db vacuum") { _ in }
        }
    }

    /// Writes a copy, compact and consistent even while an ingest goes on, to a file that does not exist yet.
    public func backup(to file: String, at now: Timestamp, actor: String) throws {
        try withoutTransaction { database in
            try AuditLog.write(database, at: now, actor: actor, command: "db backup") { $0.member("file", file) }
            try database.execute(sql: "VACUUM INTO ?", arguments: [file])
        }
    }
}

/// Up to where flows were pruned.
package struct PruneWatermark {
    /// Flows of hours before this one were taken out.
    package private(set) var hour = Int64.min

    package init(_ database: Database) throws {
        if let text = try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = 'pruned-before-hour'") {
            hour = Int64(text) ?? .min
        }
    }

    /// Whether a flow that starts then may have been taken out.
    package func covers(startedAt: Int64) -> Bool { AggregateRollup.hour(of: startedAt) < hour }

    /// Up to when a record may start whose original was pruned: the two times differ by little.
    package static func reached(_ hour: Int64) -> Int64 {
        let (end, overflow) = hour.multipliedReportingOverflow(by: AggregateRollup.hourMs)
        return overflow ? .min : end + MatchReach.maxByEnd + MatchReach.coarse
    }

    fileprivate static func set(_ hour: Int64, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO setting (name, value) VALUES ('pruned-before-hour', ?)", arguments: [String(hour)])
    }
}
