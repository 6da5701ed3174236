/* ---
id: volume.beacon
title: Connections as regular as a clock
severity: medium
question: Which destinations are called at equal intervals with equal amounts for hours?
description: >
  Programs that report home do so regularly. People do not.
precisely: >
  At least `flows` carried flows of one principal on one device to one address, protocol and port, over at least `span`, with a median
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
WITH busy AS (
    SELECT principal_kind, principal_id, coalesce(device_id, '') AS device_id, address, protocol, port
    FROM access
    WHERE outcome = 'allowed' AND hour_at >= :since AND hour_at < :until
    GROUP BY principal_kind, principal_id, coalesce(device_id, ''), address, protocol, port
    HAVING sum(flows) >= :flows AND max(last_at) - min(first_at) >= :span
), calls AS (
    SELECT f.flow_id, f.started_at, b.principal_kind, b.principal_id, f.principal, b.device_id, b.address, b.protocol, b.port,
        coalesce(f.bytes_received, 0) + coalesce(f.bytes_transferred, 0) AS bytes,
        f.started_at - lag(f.started_at) OVER (
            PARTITION BY b.principal_kind, b.principal_id, b.device_id, b.address, b.protocol, b.port
            ORDER BY f.started_at, f.flow_id) AS interval_ms
    FROM busy b
    JOIN flow f ON f.principal_kind = b.principal_kind AND f.principal_id = b.principal_id
        AND coalesce(f.device_id, '') = b.device_id AND f.address = b.address AND f.protocol = b.protocol AND f.port = b.port
    WHERE f.outcome = 'allowed' AND f.started_at >= :since AND f.started_at < :until
), measures AS (
    SELECT principal_kind, principal_id, device_id, address, protocol, port, 'interval' AS measure, interval_ms AS amount
    FROM calls WHERE interval_ms IS NOT NULL
    UNION ALL
    SELECT principal_kind, principal_id, device_id, address, protocol, port, 'bytes', bytes FROM calls
), ranked AS (
    SELECT measures.*, row_number() OVER (
            PARTITION BY principal_kind, principal_id, device_id, address, protocol, port, measure ORDER BY amount) AS place,
        count(*) OVER (PARTITION BY principal_kind, principal_id, device_id, address, protocol, port, measure) AS n
    FROM measures
), middle AS (
    SELECT ranked.*, avg(CASE WHEN place IN ((n + 1) / 2, (n + 2) / 2) THEN amount END) OVER (
        PARTITION BY principal_kind, principal_id, device_id, address, protocol, port, measure) AS median
    FROM ranked
), distances AS (
    SELECT middle.*, abs(amount - median) AS distance, row_number() OVER (
        PARTITION BY principal_kind, principal_id, device_id, address, protocol, port, measure ORDER BY abs(amount - median))
        AS distance_place
    FROM middle
), regularity AS (
    SELECT principal_kind, principal_id, device_id, address, protocol, port, measure, max(median) AS median,
        CASE WHEN max(median) > 0 THEN max(0.0, 1 - avg(CASE WHEN distance_place IN ((n + 1) / 2, (n + 2) / 2) THEN distance END)
            / max(median)) ELSE CASE WHEN max(distance) = 0 THEN 1.0 ELSE 0.0 END END AS regular
    FROM distances
    GROUP BY principal_kind, principal_id, device_id, address, protocol, port, measure
), scores AS (
    SELECT principal_kind, principal_id, device_id, address, protocol, port, avg(regular) AS score,
        max(CASE measure WHEN 'interval' THEN median END) AS interval_ms
    FROM regularity
    GROUP BY principal_kind, principal_id, device_id, address, protocol, port
)
SELECT s.principal_kind, s.principal_id, coalesce(max(c.principal), s.principal_id) AS principal,
    nullif(s.device_id, '') AS device_id, s.address, s.address AS resource, s.protocol, s.port, s.score AS score_seen,
    CAST(s.interval_ms AS INTEGER) AS interval_ms, min(c.started_at) AS first_seen, max(c.started_at) AS last_seen,
    count(*) AS count, json_group_array(c.flow_id) AS flow_ids
FROM scores s
JOIN calls c ON c.principal_kind = s.principal_kind AND c.principal_id = s.principal_id AND c.device_id = s.device_id
    AND c.address = s.address AND c.protocol = s.protocol AND c.port = s.port
WHERE s.score > :score AND s.interval_ms >= :interval
GROUP BY s.principal_kind, s.principal_id, s.device_id, s.address, s.protocol, s.port, s.score, s.interval_ms
HAVING count(*) >= :flows AND max(c.started_at) - min(c.started_at) >= :span
