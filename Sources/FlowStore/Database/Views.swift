internal import Crypto
internal import GRDB
internal import TextEncodings

/// The views that are the public interface of the database. `docs/database-views.md` describes every column; changes are additions.
///
/// Ids are text, times are milliseconds of Unix time in UTC, bytes are integers, absent is NULL. Standard SQL, so that the
/// `sqlite3` shell reads them as they are.
enum Views {
    static let names = [
        "flow", "access", "access_detail", "session", "finding", "source", "quarantine", "policy_snapshot", "policy_connector",
        "policy_network", "policy_resource", "policy_user", "policy_member", "policy_grant", "audit_event", "journal_record",
        "name_query",
        "administrative_change", "unknown_field", "journal_frame", "duration_calibration", "source_match", "source_conflict", "reused_id",
        "log_gap",
    ]

    private static let all = [flow, access, accessDetail, session, finding, bookkeeping, policy, records, sourceMatches]

    /// Tells the views of one version from those of another.
    static let digest = Hexadecimal.text(SHA256.hash(data: Array(all.joined().utf8)))

    /// Makes the views, in place of those of another version.
    static func create(in database: Database) throws {
        try drop(from: database)
        for sql in all { try database.execute(sql: sql) }
    }

    static func drop(from database: Database) throws {
        let stale = try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'view'")
        for name in stale { try database.execute(sql: "DROP VIEW \(name)") }
    }

    /// The names of what differs, of a row of `source_match_fact` named `a`.
    static let differs: String = {
        let names = SourceDifferences.names.map { "CASE WHEN a.differences & \($0.difference.rawValue) THEN ';\($0.name)' ELSE '' END" }
        return "nullif(substr(\(names.joined(separator: " || ")), 2), '')"
    }()

    private static let sourceMatches = """
        CREATE VIEW source_match AS
        SELECT a.original_flow AS flow_id,
            \(PackedConnectionID.text("original.connection_id")) AS connection_id,
            CASE a.differences WHEN 0 THEN 'same' ELSE 'conflict' END AS relation,
            \(differs) AS differs,
            a.flow_id AS matched_flow_id,
            s.format,
            f.started_at,
            \(end) AS ended_at,
            CASE f.state & 3 WHEN 3 THEN 'allowed' WHEN 1 THEN 'denied' WHEN 2 THEN 'failed' END AS outcome,
            principal_id.value AS principal_id,
            principal.value AS principal,
            device.value AS device_id,
            client_ip.value AS client_ip,
            connector_id.value AS connector_id,
            connector.value AS connector,
            network_id.value AS network_id,
            network.value AS network,
            resource_id.value AS resource_id,
            applied_rule.value AS applied_rule,
            address.value AS address,
            resource_ip.value AS resource_ip,
            nullif(t.port, -1) AS port,
            f.bytes_received,
            f.bytes_transferred,
            error.value AS error,
            f.source_id,
            f.source_offset,
            f.source_line
        FROM source_match_fact a
        CROSS JOIN flow_fact f ON f.flow_id = a.flow_id
        CROSS JOIN aggregate e ON e.aggregate_id = f.aggregate_id
        CROSS JOIN client o ON o.client_id = e.client_id
        CROSS JOIN destination t ON t.destination_id = e.destination_id
        LEFT JOIN source_file s ON s.source_id = f.source_id
        LEFT JOIN flow_fact original ON original.flow_id = a.original_flow
        LEFT JOIN remark r ON r.remark_id = f.remark_id
        \(namesOfClient)
        \(namesOfDestination)
        LEFT JOIN text resource_ip ON resource_ip.text_id = f.resource_ip
        LEFT JOIN text error ON error.text_id = r.error;

        CREATE VIEW source_conflict AS
        SELECT r.flow_id, r.connection_id, r.differs, r.matched_flow_id, f.principal_id, f.principal, f.device_id, f.connector_id,
            f.connector, f.address, f.port, f.started_at, r.started_at AS matched_started_at, f.ended_at, r.ended_at AS matched_ended_at,
            f.outcome, r.outcome AS matched_outcome, f.bytes_received, r.bytes_received AS matched_bytes_received, f.bytes_transferred,
            r.bytes_transferred AS matched_bytes_transferred, f.resource_id, r.resource_id AS matched_resource_id, f.resource_ip,
            r.resource_ip AS matched_resource_ip, f.applied_rule, r.applied_rule AS matched_applied_rule, f.network_id,
            r.network_id AS matched_network_id, f.client_ip, r.client_ip AS matched_client_ip, f.source_id, f.source_offset,
            f.source_line, r.source_id AS matched_source_id, r.source_offset AS matched_source_offset,
            r.source_line AS matched_source_line
        FROM source_match r CROSS JOIN flow f ON f.flow_id = r.flow_id
        WHERE r.differs IS NOT NULL;

        CREATE VIEW reused_id AS
        SELECT first.connector_id, first.connector, first.connection_id, first.flow_id, first.started_at, first.outcome,
            first.principal_id, first.principal, first.device_id, first.resource_id, first.address, first.port,
            other.flow_id AS other_flow_id, other.started_at AS other_started_at, other.outcome AS other_outcome,
            other.principal_id AS other_principal_id, other.principal AS other_principal, other.device_id AS other_device_id,
            other.resource_id AS other_resource_id, other.address AS other_address, other.port AS other_port,
            nullif(substr(
                CASE WHEN first.principal_id IS NOT other.principal_id OR first.principal_kind IS NOT other.principal_kind
                    THEN ';principal_id' ELSE '' END
                || CASE WHEN first.device_id IS NOT other.device_id THEN ';device_id' ELSE '' END
                || CASE WHEN first.resource_id IS NOT other.resource_id THEN ';resource_id' ELSE '' END
                || CASE WHEN first.address IS NOT other.address THEN ';address' ELSE '' END
                || CASE WHEN first.port IS NOT other.port THEN ';port' ELSE '' END
                || CASE WHEN first.outcome IS NOT other.outcome THEN ';outcome' ELSE '' END
                || CASE WHEN first.started_at IS NOT other.started_at THEN ';started_at' ELSE '' END, 2), '') AS differs
        FROM (
            SELECT flow_id,
                first_value(flow_id) OVER (
                    PARTITION BY connector_id, connection_id
                    ORDER BY started_at, outcome, principal_kind, principal_id, principal, device_id, resource_id, address, port,
                        ended_at, flow_id) AS first_flow
            FROM flow WHERE flow_id IN (SELECT flow_id FROM reused_identity)) pair
        JOIN flow first ON first.flow_id = pair.first_flow
        JOIN flow other ON other.flow_id = pair.flow_id
        WHERE pair.flow_id <> pair.first_flow;
        """

    private static let finding = """
        CREATE VIEW finding AS
        SELECT finding_id, rule_id, severity, status, title, explanation, witness, principal, resource, connector, subject,
            first_seen, last_seen, count, parameters, evidence, suppressed_by
        FROM finding_fact;
        """

    private static let bookkeeping = """
        CREATE VIEW source AS
        SELECT source_id, kind, format, compression, path, journal, digest, size, position, file_position, lines, complete, first_sequence, frames,
            events, noise, quarantined, duplicates, other, first_at, last_at, refusal,
            (SELECT p.path FROM source_place p WHERE p.source_id = source_file.source_id ORDER BY p.number DESC LIMIT 1) AS found_at
        FROM source_file;

        CREATE VIEW journal_frame AS
        SELECT f.source_id, s.journal, s.path, f.number AS frame, f.file_offset, f.length, f.inflated_offset, f.first_sequence,
            f.records
        FROM frame f JOIN source_file s ON s.source_id = f.source_id;

        CREATE VIEW quarantine AS
        SELECT q.source_id, s.path, q.line, q.offset, q.reason, q.detail, q.raw, q.truncated
        FROM quarantined_line q JOIN source_file s ON s.source_id = q.source_id;

        CREATE VIEW unknown_field AS
        SELECT source_id, offset, line, fields FROM extra_field;

        CREATE VIEW duration_calibration AS
        SELECT text.value AS connector_id, milliseconds, microseconds, neither
        FROM duration_evidence JOIN text ON text.text_id = duration_evidence.connector_id
        WHERE milliseconds + microseconds + neither > 0;

        CREATE VIEW audit_event AS
        SELECT action_id AS audit_event_id, at, actor, command, detail FROM action;
        """

    /// Views over the canonical documents of snapshots: a name that equals the id is left out there.
    private static let policy = """
        CREATE VIEW policy_snapshot AS
        SELECT snapshot_id, version, effective_at,
            (SELECT min(later.effective_at) FROM snapshot later WHERE later.effective_at > snapshot.effective_at) AS superseded_at,
            digest, document
        FROM snapshot;

        CREATE VIEW policy_network AS
        SELECT s.version AS policy_version, s.effective_at, s.superseded_at, n.value ->> '$.id' AS network_id,
            coalesce(n.value ->> '$.name', n.value ->> '$.id') AS network, coalesce(n.value ->> '$.active', 1) AS is_active
        FROM policy_snapshot s, json_each(s.document, '$.networks') n;

        CREATE VIEW policy_connector AS
        SELECT s.version AS policy_version, s.effective_at, s.superseded_at, c.value ->> '$.id' AS connector_id,
            coalesce(c.value ->> '$.name', c.value ->> '$.id') AS connector, c.value ->> '$.network' AS network_id
        FROM policy_snapshot s, json_each(s.document, '$.connectors') c;

        CREATE VIEW policy_resource AS
        SELECT s.version AS policy_version, s.effective_at, s.superseded_at, r.value ->> '$.id' AS resource_id,
            coalesce(r.value ->> '$.name', r.value ->> '$.id') AS resource, r.value ->> '$.address' AS address,
            r.value ->> '$.alias' AS alias, r.value ->> '$.network' AS network_id, coalesce(r.value ->> '$.active', 1) AS is_active,
            coalesce(r.value ->> '$.routing', 'through') AS routing
        FROM policy_snapshot s, json_each(s.document, '$.resources') r;

        CREATE VIEW policy_user AS
        SELECT s.version AS policy_version, s.effective_at, s.superseded_at, u.value ->> '$.id' AS user_id,
            u.value ->> '$.email' AS email, coalesce(u.value ->> '$.state', 'active') AS state
        FROM policy_snapshot s, json_each(s.document, '$.users') u;

        CREATE VIEW policy_member AS
        SELECT s.version AS policy_version, s.effective_at, s.superseded_at, g.value ->> '$.id' AS group_id,
            coalesce(g.value ->> '$.name', g.value ->> '$.id') AS "group", m.value AS user_id
        FROM policy_snapshot s, json_each(s.document, '$.groups') g, json_each(g.value, '$.members') m
        WHERE json_type(g.value, '$.members') = 'array'
        UNION ALL
        SELECT s.version, s.effective_at, s.superseded_at, g.value ->> '$.id',
            coalesce(g.value ->> '$.name', g.value ->> '$.id'), u.value ->> '$.id'
        FROM policy_snapshot s, json_each(s.document, '$.groups') g, json_each(s.document, '$.users') u
        WHERE g.value ->> '$.members' = 'everyone';

        CREATE VIEW policy_grant AS
        SELECT s.version AS policy_version, s.effective_at, s.superseded_at, r.value ->> '$.id' AS resource_id,
            a.value ->> '$.group' AS group_id, a.value ->> '$.serviceAccount' AS service_account_id,
            a.value ->> '$.expiresAt' AS expires
        FROM policy_snapshot s, json_each(s.document, '$.resources') r, json_each(r.value, '$.access') a;
        """

    private static let records = """
        CREATE VIEW journal_record AS
        SELECT source_id, offset, line, kind, at, sequence, body FROM other_record WHERE category = 'journal';

        CREATE VIEW log_gap AS
        SELECT source_id, offset, line, at, kind, body ->> '$.count' AS lost, body ->> '$.text' AS text
        FROM other_record WHERE category = 'log_gap';

        CREATE VIEW name_query AS
        SELECT source_id, offset, line, at,
            body ->> '$.domain' AS domain, body ->> '$.root' AS root, body ->> '$.device_id' AS device_id,
            body ->> '$.device' AS device, body ->> '$.client_ip' AS client_ip, body ->> '$.protocol' AS protocol,
            body ->> '$.status' AS status, body -> '$.reasons' AS reasons
        FROM other_record WHERE category = 'name_query';

        CREATE VIEW administrative_change AS
        SELECT source_id, offset, line, at, kind AS action,
            body ->> '$.actor_type' AS actor_type, body ->> '$.actor_id' AS actor_id, body ->> '$.actor' AS actor,
            body -> '$.targets' AS targets
        FROM other_record WHERE category = 'change';
        """
}
