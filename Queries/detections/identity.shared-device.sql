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
WITH roaming AS (
    SELECT device_id FROM access
    WHERE device_id IS NOT NULL AND client_ip IS NOT NULL AND hour_at >= :since AND hour_at < :until
    GROUP BY device_id HAVING count(DISTINCT client_ip) > 1
), starts AS (
    SELECT f.flow_id, f.started_at, f.device_id, f.principal, f.client_ip, f.client_ip LIKE '%:%' AS is_ipv6
    FROM flow f
    WHERE f.device_id IN (SELECT device_id FROM roaming) AND f.client_ip IS NOT NULL
        AND f.started_at >= :since AND f.started_at < :until
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
