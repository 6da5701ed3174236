/* ---
id: incident-origins
title: Where it came from
question: From which devices and client addresses?
empty: No connection of the period fits the incident.
shown: 200
parameters:
  principal: {type: text, description: 'Who the incident is about: e-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: 'What it is about: Resource id, name in the policy or address, with * and ? as wildcards.'}
  connector: {type: text, description: 'Connector name, with * and ? as wildcards, or id.'}
columns:
  principal: {label: Who}
  device_id: {label: Device}
  client_ip: {label: Client address}
  flows: {label: Connections, kind: integer}
  seen_before: {label: Seen before the period}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
  flow_ids: {label: Evidence, kind: flows}
status: stable
--- */
WITH used AS (
    SELECT principal_kind, principal_id, max(principal) AS principal, device_id, client_ip, sum(flows) AS flows,
        min(first_at) AS first_at, max(last_at) AS last_at,
        min(first_flow) AS first_flow, max(last_flow) AS last_flow
    FROM access
    WHERE hour_at >= :since AND hour_at < :until
    AND (:principal IS NULL OR principal_id = :principal OR lower(principal) GLOB lower(:principal)
        OR principal_id IN (SELECT p.user_id FROM policy_user p WHERE lower(p.email) GLOB lower(:principal)))
    AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
        OR resource_id IN (SELECT p.resource_id FROM policy_resource p WHERE lower(p.resource) GLOB lower(:resource)))
    AND (:connector IS NULL OR connector_id = :connector OR lower(connector) GLOB lower(:connector)
        OR connector_id IN (SELECT p.connector_id FROM policy_connector p WHERE lower(p.connector) GLOB lower(:connector)))
    GROUP BY principal_kind, principal_id, device_id, client_ip
), earlier AS MATERIALIZED (
    SELECT DISTINCT principal_kind, principal_id, coalesce(device_id, '') AS device_id, coalesce(client_ip, '') AS client_ip
    FROM access WHERE hour_at < :since
)
SELECT coalesce(u.principal, u.principal_id) AS principal, u.device_id, u.client_ip, u.flows,
    CASE WHEN (u.principal_kind, u.principal_id, coalesce(u.device_id, ''), coalesce(u.client_ip, '')) IN (SELECT * FROM earlier)
        THEN 'yes' ELSE 'no' END AS seen_before,
    u.first_at, u.last_at, json_array(u.first_flow, u.last_flow) AS flow_ids
FROM used u
ORDER BY u.first_at, principal
