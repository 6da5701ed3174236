/* ---
id: headline
title: In numbers
question: What happened in the period, in numbers?
empty: There are no flows in the period.
shape: figures
parameters:
  principal: {type: text, description: 'Who the report is about: e-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: 'What it is about: Resource id, name in the policy or address, with * and ? as wildcards.'}
  connector: {type: text, description: 'Connector name, with * and ? as wildcards, or id.'}
columns:
  flows: {label: Connections, kind: integer}
  principals: {label: People and services, kind: integer}
  destinations: {label: Destinations, kind: integer}
  connectors: {label: Connectors, kind: integer}
  bytes: {label: Bytes carried, kind: bytes}
  violations: {label: Not what policy says, kind: integer}
  over_permitted: {label: of these over-permitted, kind: integer}
  misrouted: {label: of these misrouted, kind: integer}
  over_blocked: {label: of these over-blocked, kind: integer}
  outlived: {label: of these only outlived, kind: integer}
  stale: {label: Changes on their way, kind: integer}
  denied: {label: Refused attempts, kind: integer}
  failed: {label: Failed, kind: integer}
  unverifiable: {label: Could not be judged, kind: integer}
status: stable
--- */
SELECT sum(flows) AS flows, count(DISTINCT principal_kind || ' ' || principal_id) AS principals,
    count(DISTINCT coalesce(resource_id, address)) AS destinations, count(DISTINCT connector_id) AS connectors,
    min(sum(bytes_received) + sum(bytes_transferred), 9223372036854775807) AS bytes,
    sum(CASE WHEN violation IS NULL THEN 0 ELSE flows END) AS violations,
    sum(CASE violation WHEN 'over-permitted' THEN flows ELSE 0 END) AS over_permitted,
    sum(CASE violation WHEN 'misrouted' THEN flows ELSE 0 END) AS misrouted,
    sum(CASE violation WHEN 'over-blocked' THEN flows ELSE 0 END) AS over_blocked,
    sum(CASE violation WHEN 'outlived' THEN flows ELSE 0 END) AS outlived,
    sum(CASE WHEN violation IS NULL AND ';' || qualifiers || ';' LIKE '%;stale;%' THEN flows ELSE 0 END) AS stale,
    sum(CASE outcome WHEN 'denied' THEN flows ELSE 0 END) AS denied,
    sum(CASE outcome WHEN 'failed' THEN flows ELSE 0 END) AS failed,
    sum(CASE WHEN coalesce(verdict, 'unverifiable') = 'unverifiable' THEN flows ELSE 0 END) AS unverifiable
FROM access
WHERE hour_at >= :since AND hour_at < :until
    AND (:principal IS NULL OR principal_id = :principal OR lower(principal) GLOB lower(:principal)
        OR principal_id IN (SELECT p.user_id FROM policy_user p WHERE lower(p.email) GLOB lower(:principal)))
    AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
        OR resource_id IN (SELECT p.resource_id FROM policy_resource p WHERE lower(p.resource) GLOB lower(:resource)))
    AND (:connector IS NULL OR connector_id = :connector OR lower(connector) GLOB lower(:connector)
        OR connector_id IN (SELECT p.connector_id FROM policy_connector p WHERE lower(p.connector) GLOB lower(:connector)))
HAVING sum(flows) > 0
