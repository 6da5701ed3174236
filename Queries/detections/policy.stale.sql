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
WITH enforced AS MATERIALIZED (
    SELECT flow_id, started_at, connector_id, connector, recorded_policy_version AS version, recorded_policy_digest AS digest
    FROM flow
    WHERE recorded_policy_version IS NOT NULL AND started_at >= :since AND started_at < :until
), ended AS MATERIALIZED (
    SELECT v.version, v.digest, min(s.superseded_at) AS superseded_at
    FROM (SELECT DISTINCT version, digest FROM enforced) v
    JOIN policy_snapshot s ON s.digest = v.digest OR v.digest IS NULL AND s.version = CAST(v.version AS TEXT)
    WHERE s.superseded_at IS NOT NULL
    GROUP BY v.version, v.digest
), firsts AS MATERIALIZED (
    SELECT connector_id, version, min(started_at) AS first_at FROM enforced GROUP BY connector_id, version
), problems AS (
    SELECT e.*, 'old' AS problem, ', which had been superseded for longer than changes need to spread' AS what
    FROM enforced e
    WHERE EXISTS (
        SELECT 1 FROM ended
        WHERE ended.version = e.version AND coalesce(ended.digest, '') = coalesce(e.digest, '')
            AND ended.superseded_at + :propagation < e.started_at)
    UNION ALL
    SELECT e.*, 'backwards', ' after it had decided under a higher one'
    FROM enforced e
    WHERE EXISTS (
        SELECT 1 FROM firsts newer
        WHERE newer.connector_id = e.connector_id AND newer.version > e.version
            AND newer.first_at + :propagation < e.started_at)
)
SELECT connector_id, coalesce(max(connector), connector_id) AS connector, problem, version, what,
    CASE problem WHEN 'backwards' THEN 'critical' ELSE 'high' END AS severity,
    min(started_at) AS first_seen, max(started_at) AS last_seen, count(*) AS count,
    json_array(min(flow_id), max(flow_id)) AS flow_ids
FROM problems
GROUP BY connector_id, problem, version, what
