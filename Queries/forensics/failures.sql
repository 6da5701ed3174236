/* ---
id: failures
title: Failed connections
question: What was allowed and did not work, and why?
description: >
  Names that did not resolve and targets that did not answer, by destination and error.
parameters:
  resource: {type: text, description: 'Resource id, name in the policy or address, with * and ? as wildcards.'}
examples:
  - twin-audit query run failures --since 24h
status: stable
--- */
SELECT address, port, protocol, resource_id, network, error, count(*) AS flows,
    count(DISTINCT principal_kind || ' ' || principal_id) AS principals, group_concat(DISTINCT connector) AS connectors,
    min(started_at) AS first_at, max(started_at) AS last_at, max(flow_id) AS last_flow
FROM (
    SELECT * FROM flow
    WHERE outcome = 'failed' AND started_at >= :since AND started_at < :until
        AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
            OR resource_id IN (SELECT r.resource_id FROM policy_resource r WHERE lower(r.resource) GLOB lower(:resource)))
    ORDER BY address, port, protocol, resource_id, network, error, connector
)
GROUP BY address, port, protocol, resource_id, network, error
ORDER BY flows DESC, address, port, protocol, resource_id, network, error
