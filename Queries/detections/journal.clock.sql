/* ---
id: journal.clock
title: A Connector's clock is wrong
severity: medium
question: Whose times can't be trusted?
description: >
  Verdicts depend on when a connection began. A clock that steps, or that lies before the policy under which its Connector decided, puts
  every verdict of that time in doubt.
precisely: >
  Step: a `clock_adjusted` record moves the clock by more than `offset`. Early: a flow began more than `offset` before the policy
  under which its Connector decided, found by its digest, else by its version, took effect.
witness: connector
needs: [flows]
subject: [problem, connector_id, journal]
explanation: "{what}, by up to {error_ms}; times seen: {count}"
parameters:
  offset: {type: duration, default: 5s, description: How far a clock may be off.}
false_positives:
  - A policy that was written down with a later effective time than it had.
attack: [T1070.006]
controls: ["ISO 27001:2022 A.8.17", "NIST SP 800-53 AU-8"]
status: stable
--- */
-- Counted flows tell under which policies any Connector decided too early.
WITH early AS MATERIALIZED (
    SELECT d.version, d.digest, p.effective_at, d.first_flow, d.last_flow
    FROM (
        SELECT recorded_policy_version AS version, recorded_policy_digest AS digest, min(first_at) AS first_at,
            min(first_flow) AS first_flow, max(last_flow) AS last_flow
        FROM access_detail
        WHERE recorded_policy_version IS NOT NULL AND hour_at >= :since AND hour_at < :until
        GROUP BY recorded_policy_version, recorded_policy_digest) d
    JOIN policy_snapshot p ON p.digest = d.digest OR d.digest IS NULL AND p.version = CAST(d.version AS TEXT)
    WHERE p.effective_at - d.first_at > :offset
), errors AS (
    SELECT 'step' AS problem, NULL AS connector_id, NULL AS connector, s.journal,
        'the clock of journal ' || coalesce(s.journal, s.path) || ' was set' AS what,
        abs((r.body ->> '$.to') - (r.body ->> '$.from')) AS error_ms, r.at, NULL AS flow_id, r.source_id, r.offset, r.line
    FROM journal_record r JOIN source s ON s.source_id = r.source_id
    WHERE r.kind = 'clock_adjusted' AND r.at >= :since AND r.at < :until
    UNION ALL
    SELECT 'early', f.connector_id, f.connector, NULL,
        'Connector ' || coalesce(f.connector, f.connector_id) || ' decided under a policy before it took effect',
        p.effective_at - f.started_at, f.started_at, f.flow_id, NULL, NULL, NULL
    FROM flow f
    JOIN early p ON p.version = f.recorded_policy_version AND p.digest IS f.recorded_policy_digest
    WHERE f.started_at >= :since AND f.started_at < :until
        AND f.flow_id BETWEEN (SELECT min(first_flow) FROM early) AND (SELECT max(last_flow) FROM early)
)
SELECT problem, connector_id, max(connector) AS connector, journal, min(what) AS what, max(error_ms) AS error_ms,
    min(at) AS first_seen, max(at) AS last_seen, count(*) AS count, json_array(min(flow_id), max(flow_id)) AS flow_ids,
    CASE WHEN min(source_id) IS NOT NULL THEN json_array(min(source_id), min(offset), min(line)) END AS records
FROM errors
WHERE error_ms > :offset
GROUP BY problem, connector_id, journal
