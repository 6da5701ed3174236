/* ---
id: policy.over-permitted
title: A Connector let through what policy forbids
severity: critical
question: Which connections were carried although the policy in force denied them?
description: >
  The enforcement failure itself. Each finding is one principal, one destination, one Connector and one reason of the policy engine.
precisely: >
  The verdict is `over-permitted`: the flow was allowed or failed, and the policy in force at its start denies it. With the
  qualifier `stale` (an older policy explains it, within the propagation window) the finding is info; with `stale-late` (the window
  had passed) it is high; else it is critical.
witness: connector
needs: [verdicts]
subject: [principal_kind, principal_id, destination, connector_id, reason, stage]
explanation: >-
  {principal} reached {target} through Connector {connector} in network {network} although the policy in force denies it
  ({reason}{note}); flows: {count}
parameters: {}
false_positives:
  - A policy history that lacks a change which was in force; import every snapshot of the period.
attack: [T1078, T1562]
controls: ["ISO 27001:2022 A.5.15", "ISO 27001:2022 A.8.3", "NIST SP 800-53 AC-3", "SOC 2 CC6.1"]
status: stable
--- */
WITH judged AS (
    SELECT *,
        CASE WHEN ';' || qualifiers || ';' LIKE '%;stale-late;%' THEN 'stale-late'
            WHEN ';' || qualifiers || ';' LIKE '%;stale;%' THEN 'stale'
            ELSE 'current' END AS stage
    FROM access
    WHERE verdict = 'over-permitted' AND hour_at >= :since AND hour_at < :until
)
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal,
    coalesce(resource_id, address) AS destination, coalesce(resource_id, address) AS resource,
    min(address) || CASE WHEN count(DISTINCT address) > 1 THEN ' and ' || (count(DISTINCT address) - 1) || ' more' ELSE '' END
        || coalesce(' (Resource ' || max(resource_id) || ')', '') AS target,
    connector_id, coalesce(max(connector), connector_id) AS connector, coalesce(max(network), max(network_id)) AS network,
    reason, stage,
    CASE stage WHEN 'stale' THEN ', an older policy allowed it and the change was still on its way'
        WHEN 'stale-late' THEN ', an older policy allowed it and the change should have arrived' ELSE '' END AS note,
    CASE stage WHEN 'stale' THEN 'info' WHEN 'stale-late' THEN 'high' ELSE 'critical' END AS severity,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM judged
GROUP BY principal_kind, principal_id, coalesce(resource_id, address), connector_id, reason, stage
