/* ---
id: access.dormant-woken
title: A grant that slept for months was used again
severity: medium
question: Who used a Resource again after a very long pause?
description: >
  Accounts and grants that nobody watches any more are what intruders like best.
precisely: >
  A principal was carried to a Resource, and the last time before was at least `idle` earlier. High when the device had never been used by
  that principal before, or when it happened between `night_from` and `night_until` o'clock UTC.
witness: connector
needs: [flows]
subject: [principal_kind, principal_id, resource_id, first_seen]
explanation: "{principal} used {address} (Resource {resource_id}) again after {idle_ms}{note}; flows in that hour: {count}"
parameters:
  idle: {type: duration, default: 90d, description: How long a grant must have slept.}
  night_from: {type: integer, default: 22, description: Hour of the day in UTC at which night begins.}
  night_until: {type: integer, default: 5, description: Hour of the day in UTC at which night ends.}
false_positives:
  - Work that is done once a quarter or once a year.
attack: [T1078]
controls: ["ISO 27001:2022 A.5.18", "NIST SP 800-53 AC-2(3)", "SOC 2 CC6.2"]
status: stable
--- */
WITH uses AS (
    SELECT principal_kind, principal_id, principal, resource_id, address, device_id, connector, hour_at, first_at, last_at, flows,
        first_flow,
        max(last_at) OVER (
            PARTITION BY principal_kind, principal_id, resource_id ORDER BY first_at, first_flow
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_at
    FROM access
    WHERE outcome = 'allowed' AND resource_id IS NOT NULL AND hour_at < :until
        -- Nothing can have slept for longer than there are records.
        AND (SELECT max(last_at) - min(first_at) FROM access WHERE hour_at < :until) >= :idle
), woken AS MATERIALIZED (
    SELECT u.*, first_at / 3600000 % 24 >= :night_from OR first_at / 3600000 % 24 < :night_until AS is_night
    FROM uses u
    WHERE first_at - before_at >= :idle AND hour_at >= :since
), known_device AS MATERIALIZED (
    SELECT principal_kind, principal_id, device_id, min(first_at) AS since_at FROM access
    WHERE device_id IN (SELECT device_id FROM woken)
    GROUP BY principal_kind, principal_id, device_id
), noted AS (
    SELECT w.*, coalesce(d.since_at >= w.first_at, 1) AS is_new_device
    FROM woken w
    LEFT JOIN known_device d ON d.principal_kind = w.principal_kind AND d.principal_id = w.principal_id AND d.device_id = w.device_id
)
SELECT principal_kind, principal_id, coalesce(principal, principal_id) AS principal, resource_id, resource_id AS resource, address,
    connector, first_at - before_at AS idle_ms,
    CASE WHEN is_new_device THEN ' from a device never seen before' ELSE '' END || CASE WHEN is_night THEN ' at night' ELSE '' END
        AS note,
    CASE WHEN is_new_device OR is_night THEN 'high' ELSE 'medium' END AS severity,
    first_at AS first_seen, last_at AS last_seen, flows AS count, json_array(first_flow) AS flow_ids
FROM noted
