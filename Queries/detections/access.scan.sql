/* ---
id: access.scan
title: Somebody scans ports or hosts
severity: high
question: Who tried many ports of one host, or many hosts on one port, without success?
description: >
  A scan looks for what is there. Only flows that failed or were denied count, so that ordinary work with many services does not.
precisely: >
  One principal on one device had failed or denied flows to at least `ports` distinct ports of one address, or to one port of at least
  `hosts` distinct addresses, within `window`; or to at least `slow_items` of either within `slow_window`.
witness: connector
needs: [flows]
subject: [principal_kind, principal_id, device_id, shape, place]
explanation: "{principal} tried {items} {what} within {span_ms} without success; flows: {count}"
parameters:
  window: {type: duration, default: 5m, description: The stretch of time of a fast scan.}
  ports: {type: integer, default: 15, description: Distinct ports of one address that make a fast scan.}
  hosts: {type: integer, default: 25, description: Distinct addresses on one port that make a fast scan.}
  slow_window: {type: duration, default: 24h, description: The stretch of time of a slow scan.}
  slow_items: {type: integer, default: 50, description: Distinct ports or addresses that make a slow scan.}
false_positives:
  - Monitoring and service discovery; set them aside with a suppression.
attack: [T1046, T1018]
controls: ["NIST SP 800-53 SI-4", "ISO 27001:2022 A.8.16"]
status: stable
--- */
-- The roll-up tells who tried enough of anything, at whatever times.
WITH counted AS MATERIALIZED (
    SELECT DISTINCT principal_kind, principal_id, coalesce(device_id, '') AS device_id, address, port FROM access
    WHERE outcome IN ('denied', 'failed') AND principal_kind IS NOT NULL AND principal_id IS NOT NULL AND address IS NOT NULL
        AND port IS NOT NULL AND hour_at >= :since AND hour_at < :until
), suspect AS MATERIALIZED (
    SELECT principal_kind, principal_id, device_id, 'ports' AS shape, address AS place FROM counted
    GROUP BY principal_kind, principal_id, device_id, address HAVING count(*) >= min(:ports, :slow_items)
    UNION ALL
    SELECT principal_kind, principal_id, device_id, 'hosts', CAST(port AS TEXT) FROM counted
    GROUP BY principal_kind, principal_id, device_id, port HAVING count(*) >= min(:hosts, :slow_items)
), tried AS MATERIALIZED (
    SELECT flow_id, started_at, principal_kind, principal_id, principal, coalesce(device_id, '') AS device_id, address, port
    FROM flow
    WHERE outcome IN ('denied', 'failed') AND address IS NOT NULL AND port IS NOT NULL
        AND started_at >= :since AND started_at < :until
        AND EXISTS (SELECT 1 FROM suspect) AND principal_id IN (SELECT principal_id FROM suspect)
), limits (shape, span_ms, items) AS (
    VALUES ('ports', :window, :ports), ('hosts', :window, :hosts), ('ports', :slow_window, :slow_items),
        ('hosts', :slow_window, :slow_items)
), probes AS (
    SELECT t.*, s.shape, s.place, CAST(t.port AS TEXT) AS item
    FROM tried t JOIN suspect s ON s.principal_id = t.principal_id AND s.principal_kind = t.principal_kind
        AND s.device_id = t.device_id AND s.shape = 'ports' AND s.place = t.address
    UNION ALL
    SELECT t.*, s.shape, s.place, t.address
    FROM tried t JOIN suspect s ON s.principal_id = t.principal_id AND s.principal_kind = t.principal_kind
        AND s.device_id = t.device_id AND s.shape = 'hosts' AND s.place = CAST(t.port AS TEXT)
-- An item counts from its trial until the window has passed or it is tried again: the running sum is the number of distinct items in
-- the window that ends now.
), ends AS (
    SELECT p.*, lead(started_at) OVER (
        PARTITION BY principal_kind, principal_id, device_id, shape, place, item ORDER BY started_at, flow_id) AS next_at
    FROM probes p
), steps AS (
    SELECT e.principal_kind, e.principal_id, e.device_id, e.shape, e.place, l.span_ms, l.items AS needed, e.started_at AS at,
        1 AS step
    FROM ends e JOIN limits l ON l.shape = e.shape
    UNION ALL
    SELECT e.principal_kind, e.principal_id, e.device_id, e.shape, e.place, l.span_ms, l.items,
        CASE WHEN e.next_at < e.started_at + l.span_ms THEN e.next_at ELSE e.started_at + l.span_ms END, -1
    FROM ends e JOIN limits l ON l.shape = e.shape
), running AS (
    SELECT principal_kind, principal_id, device_id, shape, place, span_ms, needed, at,
        sum(step) OVER (
            PARTITION BY principal_kind, principal_id, device_id, shape, place, span_ms ORDER BY at, step ROWS UNBOUNDED PRECEDING)
            AS items
    FROM steps
), scans AS (
    SELECT principal_kind, principal_id, device_id, shape, place, min(span_ms) AS span_ms, max(items) AS items,
        min(at - span_ms) AS from_at, max(at) AS to_at
    FROM running WHERE items >= needed
    GROUP BY principal_kind, principal_id, device_id, shape, place
)
SELECT s.principal_kind, s.principal_id, coalesce(max(p.principal), s.principal_id) AS principal,
    nullif(s.device_id, '') AS device_id, s.shape, s.place, s.items, s.span_ms,
    CASE s.shape WHEN 'ports' THEN 'ports of ' || s.place ELSE 'hosts on port ' || s.place END AS what,
    CASE s.shape WHEN 'ports' THEN s.place END AS resource,
    min(p.started_at) AS first_seen, max(p.started_at) AS last_seen, count(*) AS count,
    json_group_array(p.flow_id) AS flow_ids
FROM scans s
JOIN probes p ON p.principal_kind = s.principal_kind AND p.principal_id = s.principal_id AND p.device_id = s.device_id
    AND p.shape = s.shape AND p.place = s.place AND p.started_at > s.from_at AND p.started_at <= s.to_at
GROUP BY s.principal_kind, s.principal_id, s.device_id, s.shape, s.place, s.items, s.span_ms
