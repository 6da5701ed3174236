/* ---
id: tunnel.no-resource
title: Split-tunnel leak - traffic through a Connector that is for no Resource
severity: critical
question: What did Connectors carry that no Resource of the tenant covers?
description: >
  Every connection through a Connector must be for a defined Resource. One that matches none was let into the private network without
  any rule that could allow it, or is traffic that should have stayed outside the tunnel.
precisely: >
  The reason is `no-resource` and the flow was carried (allowed or failed), without the qualifier `stale`, in a Remote network that the
  policy in force does not declare an exit network.
witness: connector
needs: [verdicts]
subject: [principal_kind, principal_id, address, connector_id]
explanation: >-
  {principal} reached {address} ({ports}) through Connector {connector} in network {network}, and no Resource covers it; flows:
  {count}
parameters: {}
false_positives:
  - A Resource that was deleted and is missing from the imported policy history.
attack: [T1572, T1090]
controls: ["ISO 27001:2022 A.8.22", "NIST SP 800-53 SC-7", "SOC 2 CC6.6"]
status: stable
--- */
WITH exit_network AS (
    SELECT s.version AS policy_version, n.value ->> '$.id' AS network_id
    FROM policy_snapshot s, json_each(s.document, '$.networks') n
    WHERE n.value ->> '$.type' = 'exit'
)
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal, address, address AS resource,
    connector_id, coalesce(max(connector), connector_id) AS connector, coalesce(max(network), max(network_id)) AS network,
    CASE WHEN count(DISTINCT port) > 1 THEN count(DISTINCT port) || ' ports'
        ELSE coalesce(max(protocol), 'unknown protocol') || coalesce('/' || max(port), '') END AS ports,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM access
WHERE reason = 'no-resource' AND outcome IN ('allowed', 'failed') AND hour_at >= :since AND hour_at < :until
    AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale;%'
    AND NOT EXISTS (
        SELECT 1 FROM exit_network
        WHERE exit_network.policy_version = access.policy_version AND exit_network.network_id = access.network_id)
GROUP BY principal_kind, principal_id, address, connector_id
