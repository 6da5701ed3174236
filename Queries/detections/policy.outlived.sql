/* ---
id: policy.outlived
title: A connection stayed open after its permission had ended
severity: high
question: Which connections were not cut when the grant, the user or the key behind them ended?
description: >
  Whoever is inside stays inside: taking a grant away has no effect on connections that are already open.
precisely: >
  The qualifiers of a verdict contain `outlived`: at a policy change or the expiry of an edge during the flow's life the policy
  began to deny it, and it was still open when the propagation window and the clock skew after that had passed.
witness: connector
needs: [verdicts]
subject: [principal_kind, principal_id, destination, connector_id]
explanation: >-
  {principal} kept {target} open through Connector {connector} after the permission for it had ended; flows: {count}
parameters: {}
false_positives:
  - A grant that was renewed, where the policy history lacks the renewal.
attack: [T1078]
controls: ["ISO 27001:2022 A.5.18", "NIST SP 800-53 AC-12", "SOC 2 CC6.3"]
status: stable
--- */
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal,
    coalesce(expected_resource_id, resource_id, address) AS destination,
    coalesce(expected_resource_id, resource_id, address) AS resource,
    min(address) || CASE WHEN count(DISTINCT address) > 1 THEN ' and ' || (count(DISTINCT address) - 1) || ' more' ELSE '' END
        || coalesce(' (Resource ' || max(expected_resource_id) || ')', '') AS target,
    connector_id, coalesce(max(connector), connector_id) AS connector,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM access
WHERE ';' || qualifiers || ';' LIKE '%;outlived;%' AND hour_at >= :since AND hour_at < :until
GROUP BY principal_kind, principal_id, coalesce(expected_resource_id, resource_id, address), connector_id
