/* ---
id: who-reached
title: Who reached a Resource
question: Who reached this Resource, when, from how many devices, and how much did they take?
description: >
  One row for each principal that was carried to the Resource.
parameters:
  resource: {type: text, required: true, description: 'Resource id, name in the policy or address, with * and ? as wildcards.'}
columns:
  principal: {label: Who, kind: text}
  flows: {label: Connections, kind: integer}
  bytes_received: {label: Received, kind: bytes}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
examples:
  - twin-audit query run who-reached --param resource='Prod DB' --since 30d
status: stable
--- */
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal, sum(flows) AS flows,
    count(DISTINCT device_id) AS devices, count(DISTINCT client_ip) AS client_addresses,
    count(DISTINCT connector_id) AS connectors, sum(bytes_received) AS bytes_received,
    sum(bytes_transferred) AS bytes_transferred, min(first_at) AS first_at, max(last_at) AS last_at,
    sum(CASE verdict WHEN 'over-permitted' THEN flows ELSE 0 END) AS over_permitted
FROM access
WHERE outcome IN ('allowed', 'failed') AND hour_at >= :since AND hour_at < :until
    AND (resource_id = :resource OR lower(address) GLOB lower(:resource)
        OR resource_id IN (SELECT r.resource_id FROM policy_resource r WHERE lower(r.resource) GLOB lower(:resource)))
GROUP BY principal_kind, principal_id
ORDER BY flows DESC, principal
