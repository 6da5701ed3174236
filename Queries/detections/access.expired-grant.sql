/* ---
id: access.expired-grant
title: Access after a grant had expired
severity: high
question: Who was carried on a grant whose time was over?
description: >
  Temporary access that did not end. The Connector, or what tells it who may connect, does not keep expiry times.
precisely: >
  The reason is `grant-expired` and the flow was carried (allowed or failed), without the qualifier `stale`. Not when the last flow of the
  hour began within `skew` after the latest expiry of an edge of that Resource in the policy in force.
witness: connector
needs: [verdicts]
subject: [principal_kind, principal_id, destination, connector_id]
explanation: >-
  {principal} reached {target} through Connector {connector} on a grant that had expired; flows: {count}
parameters:
  skew: {type: duration, default: 5s, description: How far clocks may differ.}
false_positives:
  - A grant that was renewed, where the policy history lacks the renewal.
attack: [T1078]
controls: ["ISO 27001:2022 A.5.18", "NIST SP 800-53 AC-2(2)", "SOC 2 CC6.3"]
status: stable
--- */
WITH expired AS (
    SELECT *, coalesce(expected_resource_id, resource_id) AS granted_id
    FROM access
    WHERE reason = 'grant-expired' AND outcome IN ('allowed', 'failed') AND hour_at >= :since AND hour_at < :until
        AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale;%'
)
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal,
    coalesce(granted_id, address) AS destination, coalesce(granted_id, address) AS resource,
    min(address) || CASE WHEN count(DISTINCT address) > 1 THEN ' and ' || (count(DISTINCT address) - 1) || ' more' ELSE '' END
        || coalesce(' (Resource ' || max(granted_id) || ')', '') AS target,
    connector_id, coalesce(max(connector), connector_id) AS connector,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM expired e
WHERE NOT EXISTS (
    SELECT 1 FROM policy_grant g
    WHERE g.policy_version = e.policy_version AND g.resource_id = e.granted_id
        AND CAST(strftime('%s', g.expires) AS INTEGER) * 1000 <= e.last_at
        AND CAST(strftime('%s', g.expires) AS INTEGER) * 1000 + :skew >= e.last_at)
GROUP BY principal_kind, principal_id, coalesce(granted_id, address), connector_id
