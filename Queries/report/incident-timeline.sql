/* ---
id: incident-timeline
title: Timeline
question: What happened, in the order of time?
empty: No connection of the period fits the incident.
shown: 500
parameters:
  principal: {type: text, description: 'Who the incident is about: e-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: 'What it is about: Resource id, name in the policy or address, with * and ? as wildcards.'}
  connector: {type: text, description: 'Connector name, with * and ? as wildcards, or id.'}
columns:
  started_at: {label: Start, kind: time}
  duration_ms: {label: Open for, kind: duration}
  principal: {label: Who}
  device_id: {label: Device}
  client_ip: {label: From}
  destination: {label: Destination}
  resource_ip: {label: Address}
  connector: {label: Connector}
  outcome: {label: Outcome}
  verdict: {label: Verdict, kind: verdict}
  reason: {label: Reason}
  bytes_received: {label: Received, kind: bytes}
  flow_ids: {label: Evidence, kind: flows}
status: stable
--- */
WITH aggregate AS MATERIALIZED (
    SELECT DISTINCT aggregate_id FROM access
    WHERE (:principal IS NULL OR principal_id = :principal OR lower(principal) GLOB lower(:principal)
        OR principal_id IN (SELECT p.user_id FROM policy_user p WHERE lower(p.email) GLOB lower(:principal)))
        AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
            OR resource_id IN (SELECT p.resource_id FROM policy_resource p WHERE lower(p.resource) GLOB lower(:resource)))
        AND (:connector IS NULL OR connector_id = :connector OR lower(connector) GLOB lower(:connector)
            OR connector_id IN (SELECT p.connector_id FROM policy_connector p WHERE lower(p.connector) GLOB lower(:connector)))
)
SELECT started_at, ended_at - started_at AS duration_ms, coalesce(principal, principal_id) AS principal, device_id, client_ip,
    address || coalesce(':' || port, '') || coalesce('/' || protocol, '') AS destination, resource_ip, coalesce(connector,
        connector_id) AS connector,
    outcome, coalesce(verdict, 'not judged') AS verdict, reason, bytes_received, json_array(flow_id) AS flow_ids
FROM flow
WHERE started_at >= :since AND started_at < :until
    AND aggregate_id IN (SELECT aggregate_id FROM aggregate)
ORDER BY started_at, flow_id
