internal import FlowModel
public import FlowStore
internal import QueryCatalogue
internal import QueryLibrary

/// Findings of earlier runs, kept in the database so that a run can say what is new and what is gone.
public enum FindingStore {
    static func statuses(_ database: StoreConnection) throws -> [String: Finding.Status] {
        var statuses: [String: Finding.Status] = [:]
        for row in try database.rows("SELECT finding_id, status FROM finding") {
            statuses[row[0]] = Finding.Status(rawValue: row[1])
        }
        return statuses
    }

    /// Writes the findings of a run in one transaction. Findings of the rules that were examined which lie within the run's period
    /// and were not found again become `gone`; they are returned.
    public static func store(_ outcome: DetectionOutcome, in database: AuditDatabase) throws -> [Finding] {
        try database.write { database in
            let current = Set(outcome.findings.map(\.id))
            let bounds = outcome.period.bounds
            var gone: [Finding] = []
            for rule in outcome.examined where !outcome.cutShort.contains(rule.id) {
                let rows = try database.rows(
                    """
                    SELECT * FROM finding
                    WHERE rule_id = ? AND status <> 'gone' AND coalesce(last_seen, 0) >= ? AND coalesce(first_seen, 0) < ?
                    """, [rule.id, bounds.since, bounds.until])
                for row in rows {
                    var finding = finding(row)
                    guard !current.contains(finding.id) else { continue }
                    finding.status = .gone
                    try database.run("UPDATE finding_fact SET status = 'gone' WHERE finding_id = ?", [finding.id])
                    gone.append(finding)
                }
            }
            let insert = """
                INSERT OR REPLACE INTO finding_fact (finding_id, rule_id, severity, status, title, explanation, witness,
                    principal, resource, connector, subject, first_seen, last_seen, count, parameters, evidence, suppressed_by)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
            for finding in outcome.findings {
                let values: [any StoreArgument] = [
                    finding.id, finding.ruleID, finding.severity.rawValue, finding.status.rawValue, finding.title,
                    finding.explanation, finding.witness, finding.principal, finding.resource, finding.connector,
                    finding.subjectJSON, finding.firstSeen?.milliseconds, finding.lastSeen?.milliseconds, finding.count,
                    finding.parametersJSON, finding.evidenceJSON, finding.suppressedBy,
                ]
                try database.run(insert, values, again: true)
            }
            return gone
        }
    }

    /// A stored finding without its evidence and subject, which a message does not need.
    private static func finding(_ row: StoreRow) -> Finding {
        let first: Int64? = row["first_seen"]
        let last: Int64? = row["last_seen"]
        return Finding(
            id: row["finding_id"], ruleID: row["rule_id"], severity: Severity(rawValue: row["severity"]) ?? .info,
            status: Finding.Status(rawValue: row["status"]) ?? .ongoing, title: row["title"], explanation: row["explanation"],
            witness: row["witness"], principal: row["principal"], resource: row["resource"], connector: row["connector"],
            subject: [], firstSeen: first.map(Timestamp.init(milliseconds:)), lastSeen: last.map(Timestamp.init(milliseconds:)),
            count: row["count"], parameters: [], evidence: [], suppressedBy: row["suppressed_by"])
    }
}
