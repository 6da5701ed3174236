/* ---
id: incident-reach
title: What was reached
question: Which destinations were tried, and with what success?
empty: No connection of the period fits the incident.
shown: 200
parameters:
  principal: {type: text, description: 'Who the incident is about: e-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: 'What it is about: Resource id, name in the policy or address, with * and ? as wildcards.'}
  connector: {type: text, description: 'Connector name, with * and ? as wildcards, or id.'}
columns:
  destination: {label: Destination}
  resource_id: {label: Resource}
  principals: {label: Principals, kind: integer}
  allowed: {label: Carried, kind: integer}
  failed: {label: Failed, kind: integer}
  denied: {label: Refused, kind: integer}
  over_permitted: {label: Over-permitted, kind: integer}
  bytes_received: {label: Received, kind: bytes}
  bytes_transferred: {label: Sent, kind: bytes}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
  flow_ids: {label: Evidence, kind: flows}
status: stable
--- */
SELECT address || coalesce(':' || port, '') || coalesce('/' || protocol, '') AS destination, resource_id,
    count(DISTINCT principal_kind || ' ' || principal_id) AS principals, sum(CASE outcome WHEN 'allowed'
        THEN flows ELSE 0 END) AS allowed,
    sum(CASE outcome WHEN 'failed' THEN flows ELSE 0 END) AS failed, sum(CASE outcome WHEN 'denied'
        THEN flows ELSE 0 END) AS denied,
    sum(CASE verdict WHEN 'over-permitted' THEN flows ELSE 0 END) AS over_permitted, sum(bytes_received) AS bytes_received,
    sum(bytes_transferred) AS bytes_transferred, min(first_at) AS first_at, max(last_at) AS last_at, json_array(min(first_flow),
        max(last_flow)) AS flow_ids
FROM access
WHERE hour_at >= :since AND hour_at < :until
    AND (:principal IS NULL OR principal_id = :principal OR lower(principal) GLOB lower(:principal)
        OR principal_id IN (SELECT p.user_id FROM policy_user p WHERE lower(p.email) GLOB lower(:principal)))
    AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
        OR resource_id IN (SELECT p.resource_id FROM policy_resource p WHERE lower(p.resource) GLOB lower(:resource)))
    AND (:connector IS NULL OR connector_id = :connector OR lower(connector) GLOB lower(:connector)
        OR connector_id IN (SELECT p.connector_id FROM policy_connector p WHERE lower(p.connector) GLOB lower(:connector)))
GROUP BY address, port, protocol, resource_id
ORDER BY over_permitted DESC, allowed DESC, destination
