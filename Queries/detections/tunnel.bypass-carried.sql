/* ---
id: tunnel.bypass-carried
title: A Resource that must bypass was carried
severity: high
question: What went through Connectors although policy keeps it out of the tunnel?
description: >
  A Resource whose routing mode is bypass is to be reached over the client's own network. That a Connector carried it means that the
  client or the Connector does not follow the policy, and that traffic which was promised to stay outside was seen inside.
precisely: >
  The reason is `bypass-resource` and the flow was carried (allowed or failed), without the qualifier `stale`.
witness: connector
needs: [verdicts]
subject: [principal_kind, principal_id, destination, connector_id]
explanation: >-
  {principal} reached {target} through Connector {connector} although it must bypass the tunnel; flows: {count}
parameters: {}
false_positives:
  - Clients that are too old to know bypass; records do not tell the client's version.
attack: [T1572]
controls: ["ISO 27001:2022 A.8.22", "NIST SP 800-53 SC-7"]
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
WHERE reason = 'bypass-resource' AND outcome IN ('allowed', 'failed') AND hour_at >= :since AND hour_at < :until
    AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale;%'
GROUP BY principal_kind, principal_id, coalesce(expected_resource_id, resource_id, address), connector_id
