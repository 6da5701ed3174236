/* ---
id: what-reached
title: What a user reached
question: What did this user or service account reach, through which Connectors?
description: >
  One row for each destination, the Resource, rule and Remote network under which it was carried, outcome and verdict.
parameters:
  user: {type: text, required: true, description: 'E-mail or name, with * and ? as wildcards, or id.'}
columns:
  address: {label: Destination, kind: text}
  flows: {label: Connections, kind: integer}
  bytes_received: {label: Received, kind: bytes}
examples:
  - twin-audit query run what-reached --param user=ann@example.com --since 7d
status: stable
--- */
SELECT address, port, protocol, resource_id, applied_rule, network,
    group_concat(DISTINCT connector) AS connectors, outcome, verdict, sum(flows) AS flows, sum(bytes_received) AS bytes_received,
    sum(bytes_transferred) AS bytes_transferred, min(first_at) AS first_at, max(last_at) AS last_at
FROM (
    SELECT * FROM access
    WHERE (principal_id = :user OR lower(principal) GLOB lower(:user)) AND hour_at >= :since AND hour_at < :until
    ORDER BY address, port, protocol, resource_id, applied_rule, network, outcome, verdict, connector
)
GROUP BY address, port, protocol, resource_id, applied_rule, network, outcome, verdict
ORDER BY flows DESC, address, port, protocol, resource_id, applied_rule, network, outcome, verdict
