/* ---
id: policy.misrouted
title: A connection was carried under another Resource than the one that applies
severity: high
question: Which connections were authorised through the wrong Resource or rule?
description: >
  Access was allowed either way, but the rules of the wrong Resource (ports, security policy, who is granted) were applied to it.
precisely: >
  The verdict is `misrouted`: the policy in force allows the flow through a Resource that is more specific than the recorded one;
  without the qualifiers `stale` and `ambiguous` (`policy.ambiguous` reports true ambiguity).
witness: connector
needs: [verdicts]
subject: [principal_kind, principal_id, resource_id, expected_resource_id, connector_id]
explanation: >-
  {principal} reached {target} through Connector {connector} as Resource {recorded} where the policy in force selects Resource
  {expected_resource_id}; flows: {count}
parameters: {}
false_positives:
  - The tenant selects Resources by other rules than the policy model describes; see the engine options.
attack: [T1562]
controls: ["ISO 27001:2022 A.8.3", "NIST SP 800-53 AC-3"]
status: stable
--- */
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal,
    resource_id, coalesce(resource_id, max(applied_rule), 'none') AS recorded, resource_id AS resource, expected_resource_id,
    min(address) || CASE WHEN count(DISTINCT address) > 1 THEN ' and ' || (count(DISTINCT address) - 1) || ' more' ELSE '' END
        AS target,
    connector_id, coalesce(max(connector), connector_id) AS connector,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM access
WHERE verdict = 'misrouted' AND hour_at >= :since AND hour_at < :until
    AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale;%'
    AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;ambiguous;%'
GROUP BY principal_kind, principal_id, resource_id, expected_resource_id, connector_id
