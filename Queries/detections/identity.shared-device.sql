/* ---
id: identity.shared-device
title: One device at two places at once
severity: medium
question: Which device id came from two client addresses in turns?
description: >
  A device has one place. When connections of one device id begin now from one address and now from another, its identity was copied.
precisely: >
  New flows of one device changed between client addresses of the same family at least `changes` times within `window`, and the changes
  span more than `span`. A device that moves changes once; one that has IPv4 and IPv6 changes the family.
witness: connector
needs: [flows]
subject: [device_id]
explanation: >-
  device {device_id} of {principal} changed {changes_seen} times between {addresses} client addresses within {window}, among them
  {client_ip}
parameters:
  window: {type: duration, default: 1h, description: The stretch of time that is looked at.}
  changes: {type: integer, default: 4, description: Changes of address that one device does not make.}
  span: {type: duration, default: 5m, description: How far apart the first and the last of them must be.}
false_positives:
  - Networks whose address translation spreads one client over several addresses.
attack: [T1550, T1078]
controls: ["NIST SP 800-53 IA-3", "ISO 27001:2022 A.8.5"]
status: stable
--- */
-- The roll-up bounds how often a device can have changed its address: within an hour at most twice for each flow that is not from its
-- usual address, and once where an hour begins elsewhere. Only devices that this allows enough changes are looked at flow by flow.
WITH moved AS MATERIALIZED (
    SELECT device_id FROM (
        SELECT DISTINCT device_id, client_ip FROM access
        WHERE device_id IS NOT NULL AND client_ip IS NOT NULL AND hour_at >= :since AND hour_at < :until)
    GROUP BY device_id HAVING count(*) > 1
), used AS (
    SELECT device_id, client_ip LIKE '%:%' AS is_ipv6, hour_at, client_ip, sum(flows) AS flows, min(first_flow) AS first_flow,
        max(last_flow) AS last_flow
    FROM access
    WHERE device_id IN (SELECT device_id FROM moved) AND client_ip IS NOT NULL AND hour_at >= :since AND hour_at < :until
    GROUP BY device_id, hour_at, client_ip
), hourly AS (
    SELECT device_id, is_ipv6, hour_at, 2 * (sum(flows) - max(flows)) AS within, min(client_ip) AS lowest_ip, max(client_ip) AS highest_ip,
        min(first_flow) AS first_flow, max(last_flow) AS last_flow
    FROM used
    GROUP BY device_id, is_ipv6, hour_at
), beginnings AS (
    SELECT hourly.*, CASE WHEN lowest_ip = highest_ip AND lag(lowest_ip) OVER earlier = highest_ip
        AND lag(highest_ip) OVER earlier = lowest_ip THEN 0 ELSE 1 END AS at_start
    FROM hourly
    WINDOW earlier AS (PARTITION BY device_id, is_ipv6 ORDER BY hour_at)
), bounded AS (
    SELECT device_id, first_flow, last_flow, sum(within + at_start) OVER (
        PARTITION BY device_id, is_ipv6 ORDER BY hour_at RANGE BETWEEN :window + 3600000 PRECEDING AND CURRENT ROW) AS most_changes
    FROM beginnings
), roaming AS MATERIALIZED (
    SELECT device_id, min(first_flow) AS first_flow, max(last_flow) AS last_flow FROM bounded
    GROUP BY device_id HAVING max(most_changes) >= :changes
), aggregate AS MATERIALIZED (
    SELECT DISTINCT aggregate_id FROM access WHERE device_id IN (SELECT device_id FROM roaming)
), starts AS (
    SELECT f.flow_id, f.started_at, f.device_id, f.principal, f.client_ip, f.client_ip LIKE '%:%' AS is_ipv6
    FROM flow f
    WHERE f.aggregate_id IN (SELECT aggregate_id FROM aggregate) AND f.client_ip IS NOT NULL
        AND f.started_at >= :since AND f.started_at < :until
        AND f.flow_id BETWEEN (SELECT min(first_flow) FROM roaming) AND (SELECT max(last_flow) FROM roaming)
), ordered AS (
    SELECT starts.*, lag(client_ip) OVER (PARTITION BY device_id, is_ipv6 ORDER BY started_at, flow_id) AS ip_before
    FROM starts
), changes AS (
    SELECT ordered.*, count(*) OVER recent AS changes_seen, min(started_at) OVER recent AS from_at
    FROM ordered
    WHERE client_ip <> ip_before
    WINDOW recent AS (PARTITION BY device_id, is_ipv6 ORDER BY started_at RANGE BETWEEN :window PRECEDING AND CURRENT ROW)
)
SELECT device_id, max(principal) AS principal, max(changes_seen) AS changes_seen, count(DISTINCT client_ip) AS addresses,
    min(client_ip) AS client_ip, min(from_at) AS first_seen, max(started_at) AS last_seen, count(*) AS count,
    json_group_array(flow_id) AS flow_ids
FROM changes
WHERE changes_seen >= :changes AND started_at - from_at > :span
GROUP BY device_id
