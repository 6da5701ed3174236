/* ---
id: policy.over-blocked
title: A Connector refused what policy allows
severity: medium
question: Who was refused although the policy in force allowed the connection?
description: >
  Nobody gets in who should not, but somebody is kept from work, and the Connector does not enforce the policy that is in force.
precisely: >
  The verdict is `over-blocked`: the flow was denied, and the policy in force at its start allows it; without the qualifier `stale`.
witness: connector
needs: [verdicts]
subject: [principal_kind, principal_id, destination, connector_id, stage]
explanation: >-
  {principal} was refused {target} by Connector {connector} in network {network} although the policy in force allows it{note};
  flows: {count}
parameters: {}
false_positives:
  - A request that failed for another reason, such as a device check that the log does not record.
attack: [T1562]
controls: ["ISO 27001:2022 A.8.3", "NIST SP 800-53 AC-3", "SOC 2 CC6.1"]
status: stable
--- */
WITH judged AS (
    SELECT *, CASE WHEN ';' || qualifiers || ';' LIKE '%;stale-late;%' THEN 'stale-late' ELSE 'current' END AS stage
    FROM access
    WHERE verdict = 'over-blocked' AND hour_at >= :since AND hour_at < :until
        AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale;%'
)
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal,
    coalesce(expected_resource_id, resource_id, address) AS destination,
    coalesce(expected_resource_id, resource_id, address) AS resource,
    min(address) || CASE WHEN count(DISTINCT address) > 1 THEN ' and ' || (count(DISTINCT address) - 1) || ' more' ELSE '' END
        || coalesce(' (Resource ' || max(expected_resource_id) || ')', '') AS target,
    connector_id, coalesce(max(connector), connector_id) AS connector, coalesce(max(network), max(network_id)) AS network,
    stage,
    CASE stage WHEN 'stale-late' THEN ', an older policy denied it and the change should have arrived' ELSE '' END AS note,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM judged
GROUP BY principal_kind, principal_id, coalesce(expected_resource_id, resource_id, address), connector_id, stage
