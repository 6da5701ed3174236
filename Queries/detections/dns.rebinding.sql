/* ---
id: dns.rebinding
title: A name led to an address where it must not lead
severity: high
question: Which connections went to an address outside what their Resource may resolve to?
description: >
  A name that resolves to loopback, to a metadata service or into another network turns a grant for one service into a grant for
  whatever listens there. The policy engine decides which addresses those are.
precisely: >
  The reason is `resolved-outside-resource` (loopback, unspecified, link-local with metadata services, multicast, the clients' own range,
  outside the ranges that the network declares, or outside the Resource's block) and the flow was carried, without the qualifier
  `stale`.
witness: connector
needs: [verdicts]
subject: [address, resource_ip, network_id]
explanation: >-
  {address} led to {resource_ip} in network {network}, where it must not lead; flows: {count}, principals: {principals}
parameters: {}
false_positives:
  - Split-horizon names and cloud load balancers, where the network's declared ranges are incomplete.
attack: [T1557, T1552.005]
controls: ["ISO 27001:2022 A.8.20", "NIST SP 800-53 SC-20", "NIST SP 800-53 SC-7"]
status: stable
--- */
SELECT address, address AS resource, resource_ip, network_id, coalesce(max(network), network_id) AS network,
    max(connector) AS connector, CASE WHEN count(DISTINCT principal_id) = 1 THEN max(principal) END AS principal,
    count(DISTINCT principal_kind || ' ' || principal_id) AS principals,
    min(started_at) AS first_seen, max(started_at) AS last_seen, count(*) AS count,
    json_group_array(flow_id) AS flow_ids
FROM flow
WHERE reason = 'resolved-outside-resource' AND outcome IN ('allowed', 'failed')
    AND started_at >= :since AND started_at < :until
    AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale;%'
    -- The roll-up knows at once when there is nothing to look for.
    AND EXISTS (
        SELECT 1 FROM access
        WHERE access.reason = 'resolved-outside-resource' AND access.outcome IN ('allowed', 'failed')
            AND access.hour_at >= :since AND access.hour_at < :until)
GROUP BY address, resource_ip, network_id
