/* ---
id: volume.beacon
title: Connections as regular as a clock
severity: medium
question: Which destinations are called at equal intervals with equal amounts for hours?
description: >
  Programs that report home do so regularly. People do not.
precisely: >
  At least `flows` carried flows of one user (service accounts call regularly by nature) on one device to one address, protocol and port, over at least `span`, with a median
  interval of at least `interval`, whose score exceeds `score`. The score is the mean of two regularities, of the intervals between
  starts and of the bytes; a regularity is 1 less the median absolute deviation as a part of the median, and not below 0.
witness: connector
needs: [flows]
subject: [principal_kind, principal_id, device_id, address, protocol, port]
explanation: >-
  {principal} called {address}:{port}/{protocol} every {interval_ms} with a regularity of {score_seen}; flows: {count}
parameters:
  flows: {type: integer, default: 24, description: Connections from which on regularity means something.}
  span: {type: duration, default: 6h, description: How long the calls must go on.}
  interval: {type: duration, default: 10s, description: Median interval below which it is ordinary traffic.}
  score: {type: number, default: 0.9, description: Regularity above which it is a beacon.}
false_positives:
  - Agents, monitoring and connection pools; set them aside with a suppression.
attack: [T1071, T1029]
controls: ["NIST SP 800-53 SI-4", "ISO 27001:2022 A.8.16"]
status: stable
--- */
WITH busy AS MATERIALIZED (
    SELECT principal_kind || ' ' || principal_id || ' ' || coalesce(device_id,
        '') || ' ' || address || ' ' || protocol || ' ' || port AS key
    FROM access
    WHERE principal_kind = 'user' AND outcome = 'allowed' AND hour_at >= :since AND hour_at < :until
    GROUP BY principal_kind || ' ' || principal_id || ' ' || coalesce(device_id,
        '') || ' ' || address || ' ' || protocol || ' ' || port
    HAVING sum(flows) >= :flows AND max(last_at) - min(first_at) >= :span
), keyed AS MATERIALIZED (
    SELECT flow_id, started_at, min(coalesce(bytes_received, 0) + coalesce(bytes_transferred, 0), 9223372036854775807) AS bytes,
        principal_kind || ' ' || principal_id || ' ' || coalesce(device_id,
            '') || ' ' || address || ' ' || protocol || ' ' || port AS key
    FROM flow
    WHERE principal_kind = 'user' AND outcome = 'allowed' AND started_at >= :since AND started_at < :until
-- A series is called by the lowest flow id in it.
), calls AS MATERIALIZED (
    SELECT min(flow_id) OVER (PARTITION BY key) AS series, flow_id, started_at, bytes
    FROM keyed
    WHERE key IN (SELECT key FROM busy)
), intervals AS (
    SELECT series, started_at - lag(started_at) OVER (PARTITION BY series ORDER BY started_at, flow_id) AS amount FROM calls
), interval_ranks AS (
    SELECT series, amount, row_number() OVER (PARTITION BY series ORDER BY amount) AS place,
        count(*) OVER (PARTITION BY series) AS n
    FROM intervals WHERE amount IS NOT NULL
), interval_medians AS (
    SELECT series, avg(amount) AS median FROM interval_ranks WHERE place IN ((n + 1) / 2, (n + 2) / 2) GROUP BY series
), interval_distances AS (
    SELECT r.series, m.median, abs(r.amount - m.median) AS distance, r.n,
        row_number() OVER (PARTITION BY r.series ORDER BY abs(r.amount - m.median)) AS place
    FROM interval_ranks r JOIN interval_medians m ON m.series = r.series
    WHERE m.median >= :interval
), timed AS MATERIALIZED (
    SELECT series, median AS interval_ms, max(0.0, 1 - avg(distance) / median) AS regular
    FROM interval_distances WHERE place IN ((n + 1) / 2, (n + 2) / 2)
    GROUP BY series, median
-- The bytes can at best be perfectly regular: what is left must be able to reach the score.
), amounts AS (
    SELECT c.series, c.bytes AS amount, row_number() OVER (PARTITION BY c.series ORDER BY c.bytes) AS place,
        count(*) OVER (PARTITION BY c.series) AS n
    FROM calls c JOIN timed t ON t.series = c.series
    WHERE (t.regular + 1) / 2 > :score
), amount_medians AS (
    SELECT series, avg(amount) AS median FROM amounts WHERE place IN ((n + 1) / 2, (n + 2) / 2) GROUP BY series
), amount_distances AS (
    SELECT a.series, m.median, abs(a.amount - m.median) AS distance, a.n,
        row_number() OVER (PARTITION BY a.series ORDER BY abs(a.amount - m.median)) AS place
    FROM amounts a JOIN amount_medians m ON m.series = a.series
), sized AS (
    SELECT series, CASE WHEN median > 0 THEN max(0.0, 1 - avg(distance) / median) WHEN avg(distance) = 0
        THEN 1.0 ELSE 0.0 END AS regular
    FROM amount_distances WHERE place IN ((n + 1) / 2, (n + 2) / 2)
    GROUP BY series, median
)
SELECT f.principal_kind, f.principal_id, coalesce(f.principal, f.principal_id) AS principal, f.device_id, f.address,
    f.address AS resource, f.protocol, f.port, (t.regular + s.regular) / 2 AS score_seen,
        CAST(t.interval_ms AS INTEGER) AS interval_ms,
    min(c.started_at) AS first_seen, max(c.started_at) AS last_seen, count(*) AS count, json_group_array(c.flow_id) AS flow_ids
FROM sized s
JOIN timed t ON t.series = s.series
JOIN calls c ON c.series = s.series
JOIN flow f ON f.flow_id = s.series
WHERE (t.regular + s.regular) / 2 > :score
GROUP BY s.series, f.principal_kind, f.principal_id, f.principal, f.device_id, f.address, f.protocol, f.port, t.regular, s.regular,
    t.interval_ms
HAVING count(*) >= :flows AND max(c.started_at) - min(c.started_at) >= :span
