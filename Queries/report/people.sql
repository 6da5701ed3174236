/* ---
id: people
title: People and services
question: Who was active, from how many devices and addresses?
empty: Nobody was active in the period.
shown: 100
columns:
  principal: {label: Who}
  kind: {label: Kind}
  state: {label: State in policy}
  resources: {label: Resources, kind: integer}
  devices: {label: Devices, kind: integer}
  addresses: {label: Client addresses, kind: integer}
  flows: {label: Connections, kind: integer}
  denied: {label: Refused, kind: integer}
  over_permitted: {label: Over-permitted, kind: integer}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
  flow_ids: {label: Evidence, kind: flows}
status: stable
--- */
WITH current AS (
    SELECT version FROM policy_snapshot WHERE effective_at < :until ORDER BY effective_at DESC LIMIT 1
), known AS MATERIALIZED (
    SELECT u.user_id, u.state FROM current JOIN policy_user u ON u.policy_version = current.version
), active AS (
    SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal,
        count(DISTINCT resource_id) AS resources,
        count(DISTINCT device_id) AS devices, count(DISTINCT client_ip) AS addresses, sum(flows) AS flows,
        sum(CASE outcome WHEN 'denied' THEN flows ELSE 0 END) AS denied,
        sum(CASE verdict WHEN 'over-permitted' THEN flows ELSE 0 END) AS over_permitted, min(first_at) AS first_at,
            max(last_at) AS last_at,
        min(first_flow) AS first_flow, max(last_flow) AS last_flow
    FROM access
    WHERE hour_at >= :since AND hour_at < :until
    GROUP BY principal_kind, principal_id
)
SELECT a.principal, CASE a.principal_kind WHEN 'user' THEN 'user' ELSE 'service account' END AS kind,
    CASE WHEN a.principal_kind = 'user' THEN coalesce(u.state, 'not in policy') END AS state, a.resources, a.devices, a.addresses,
        a.flows, a.denied,
    a.over_permitted, a.first_at, a.last_at, json_array(a.first_flow, a.last_flow) AS flow_ids
FROM active a
LEFT JOIN known u ON u.user_id = a.principal_id AND a.principal_kind = 'user'
ORDER BY a.over_permitted DESC, a.flows DESC, a.principal
