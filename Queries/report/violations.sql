/* ---
id: violations
title: Flows against policy
question: Which connections were not what the policy in force says, and which record proves it?
empty: Every connection was what the policy in force says.
shown: 100
columns:
  started_at: {label: Start, kind: time}
  principal: {label: Who}
  destination: {label: Destination}
  resource_id: {label: Recorded}
  expected_resource_id: {label: Expected}
  connector: {label: Connector}
  violation: {label: Violation, kind: verdict}
  reason: {label: Reason}
  qualifiers: {label: Qualifiers}
  flow_ids: {label: Evidence, kind: flows}
  policy_version: {label: Policy}
status: stable
--- */
WITH aggregate AS MATERIALIZED (
    SELECT DISTINCT +aggregate_id AS aggregate_id FROM access
    WHERE violation IS NOT NULL
)
SELECT started_at, coalesce(principal, principal_id) AS principal, address || coalesce(':' || port,
    '') || coalesce('/' || protocol, '') AS destination,
    resource_id, expected_resource_id, coalesce(connector, connector_id) AS connector, violation, reason, qualifiers, policy_version,
    json_array(flow_id) AS flow_ids
FROM flow
WHERE aggregate_id IN (SELECT aggregate_id FROM aggregate) AND EXISTS (SELECT 1 FROM aggregate)
    AND started_at >= :since AND started_at < :until
ORDER BY CASE violation WHEN 'over-permitted' THEN 0 WHEN 'misrouted' THEN 1 WHEN 'over-blocked' THEN 2 ELSE 3 END, started_at,
    flow_id
