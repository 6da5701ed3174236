/* ---
id: policy.stale
title: A Connector enforces a policy that is no longer in force
severity: high
question: Which Connectors decide by an old policy, or went back to one?
description: >
  A journal names the policy version under which its Connector decided. A version that was superseded longer ago than changes need to
  spread means that the Connector does not hear of changes; a version that comes back after a newer one means a roll-back.
precisely: >
  Old (high): the recorded policy, found by its digest, else by its version, is a snapshot that was superseded more than `propagation`
  before the flow began. Backwards (critical): the same Connector had decided under a higher version more than `propagation` before
  the flow began.
witness: connector
needs: [enforced-versions]
subject: [connector_id, problem, version]
explanation: >-
  Connector {connector} decided under policy version {version}{what}; flows: {count}
parameters:
  propagation: {type: duration, default: 300s, description: How long a change may take to reach a Connector.}
false_positives:
  - An outage of the Controller that is already being dealt with.
attack: [T1562]
controls: ["ISO 27001:2022 A.8.9", "NIST SP 800-53 CM-6", "SOC 2 CC6.1"]
status: stable
--- */
-- Counted flows tell which policies decided where and until when; flows are looked at where that shows one that is too old.
WITH counted AS MATERIALIZED (
    SELECT connector_id, recorded_policy_version AS version, recorded_policy_digest AS digest, min(first_at) AS first_at,
        max(last_at) AS last_at, min(first_flow) AS first_flow, max(last_flow) AS last_flow
    FROM access_detail
    WHERE recorded_policy_version IS NOT NULL AND hour_at >= :since AND hour_at < :until
    GROUP BY connector_id, recorded_policy_version, recorded_policy_digest
), ended AS MATERIALIZED (
    SELECT v.version, v.digest, min(s.superseded_at) AS superseded_at
    FROM (SELECT DISTINCT version, digest FROM counted) v
    JOIN policy_snapshot s ON s.digest = v.digest OR v.digest IS NULL AND s.version = CAST(v.version AS TEXT)
    WHERE s.superseded_at IS NOT NULL
    GROUP BY v.version, v.digest
), firsts AS MATERIALIZED (
    SELECT connector_id, version, min(first_at) AS first_at FROM counted GROUP BY connector_id, version
-- From when on what a Connector decided under a policy was too late, and from when on it had decided under a higher one.
), bounds AS MATERIALIZED (
    SELECT c.connector_id, c.version, c.digest, c.first_flow, c.last_flow, c.last_at,
        (SELECT min(e.superseded_at) + :propagation FROM ended e WHERE e.version = c.version
            AND coalesce(e.digest, '') = coalesce(c.digest, '')) AS old_after,
        (SELECT min(n.first_at) + :propagation FROM firsts n WHERE n.connector_id = c.connector_id AND n.version > c.version)
            AS backwards_after
    FROM counted c
), late AS MATERIALIZED (
    SELECT * FROM bounds WHERE last_at > old_after OR last_at > backwards_after
), suspect AS MATERIALIZED (
    SELECT f.flow_id, f.started_at, f.connector_id, f.connector, l.version, l.old_after, l.backwards_after
    FROM flow f
    JOIN late l ON l.connector_id IS f.connector_id AND l.version = f.recorded_policy_version
        AND l.digest IS f.recorded_policy_digest
    WHERE f.started_at >= :since AND f.started_at < :until
        AND f.flow_id BETWEEN (SELECT min(first_flow) FROM late) AND (SELECT max(last_flow) FROM late)
        AND (f.recorded_policy_version, coalesce(f.connector_id, '')) IN (SELECT version, coalesce(connector_id, '') FROM late)
), problems AS (
    SELECT s.*, 'old' AS problem, ', which had been superseded for longer than changes need to spread' AS what
    FROM suspect s
    WHERE started_at > old_after
    UNION ALL
    SELECT s.*, 'backwards', ' after it had decided under a higher one'
    FROM suspect s
    WHERE started_at > backwards_after
)
SELECT connector_id, coalesce(max(connector), connector_id) AS connector, problem, version, what,
    CASE problem WHEN 'backwards' THEN 'critical' ELSE 'high' END AS severity,
    min(started_at) AS first_seen, max(started_at) AS last_seen, count(*) AS count,
    json_array(min(flow_id), max(flow_id)) AS flow_ids
FROM problems
GROUP BY connector_id, problem, version, what
