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
WITH aggregate AS (
    SELECT aggregate_id, principal_id, coalesce(device_id, '') AS device_id, address, protocol, port, sum(flows) AS flows,
        min(first_at) AS first_at, max(last_at) AS last_at
    FROM access
    WHERE principal_kind = 'user' AND outcome = 'allowed' AND principal_id IS NOT NULL AND address IS NOT NULL
        AND protocol IS NOT NULL AND port IS NOT NULL AND hour_at >= :since AND hour_at < :until
    GROUP BY aggregate_id
-- Who calls what is one series, by whatever aggregates; it is called by a number.
), numbered AS MATERIALIZED (
    SELECT aggregate_id, flows, first_at, last_at, dense_rank() OVER (ORDER BY principal_id, device_id, address, protocol, port) AS series
    FROM aggregate
), busy AS MATERIALIZED (
    SELECT series FROM numbered GROUP BY series HAVING sum(flows) >= :flows AND max(last_at) - min(first_at) >= :span
), member AS MATERIALIZED (
    SELECT aggregate_id, series FROM numbered WHERE series IN (SELECT series FROM busy)
-- The intervals can at best be perfectly regular: then the median distance of the bytes from their median is below twice what the score
-- leaves, and of a fifth or less at least half of all amounts lie so close that they begin with the same power of two, or the next.
), magnitudes AS (
    -- The limit, which is none, keeps SQLite from joining all names of a flow that nobody asks for.
    SELECT series * 64 + CASE WHEN bytes > 0 THEN min(CAST(log2(bytes) AS INTEGER), 62) ELSE -1 END AS place, count(*) AS flows
    FROM (
        SELECT m.series, min(coalesce(f.bytes_received, 0) + coalesce(f.bytes_transferred, 0), 9223372036854775807) AS bytes
        FROM flow f CROSS JOIN member m ON m.aggregate_id = f.aggregate_id
        WHERE f.outcome = 'allowed' AND f.started_at >= :since AND f.started_at < :until
        LIMIT -1)
    WHERE :score >= 0.9
    GROUP BY 1
), neighbours AS (
    SELECT (place + 1) / 64 AS series, flows, flows + CASE WHEN lead(place) OVER (ORDER BY place) = place + 1
        THEN lead(flows) OVER (ORDER BY place) ELSE 0 END AS alike
    FROM magnitudes
), even AS MATERIALIZED (
    SELECT series FROM neighbours GROUP BY series HAVING max(alike) * 2 >= sum(flows)
    UNION ALL
    SELECT series FROM busy WHERE NOT :score >= 0.9
), calls AS MATERIALIZED (
    SELECT dense_rank() OVER (ORDER BY principal_id, coalesce(device_id, ''), address, protocol, port) AS series, flow_id, started_at,
        min(coalesce(bytes_received, 0) + coalesce(bytes_transferred, 0), 9223372036854775807) AS bytes
    FROM flow
    WHERE outcome = 'allowed' AND started_at >= :since AND started_at < :until
        AND aggregate_id IN (SELECT aggregate_id FROM member WHERE series IN (SELECT series FROM even)) AND EXISTS (SELECT 1 FROM even)
), intervals AS (
    SELECT series, started_at - lag(started_at) OVER (PARTITION BY series ORDER BY started_at, flow_id) AS amount FROM calls
), interval_ranks AS (
    SELECT series, amount, row_number() OVER (PARTITION BY series ORDER BY amount) AS place,
        count(*) OVER (PARTITION BY series) AS n
    FROM intervals WHERE amount IS NOT NULL
), interval_middles AS (
    SELECT series, amount, n, avg(CASE WHEN place IN ((n + 1) / 2, (n + 2) / 2) THEN amount END) OVER (PARTITION BY series) AS median
    FROM interval_ranks
), interval_distances AS (
    SELECT series, median, n, abs(amount - median) AS distance,
        row_number() OVER (PARTITION BY series ORDER BY abs(amount - median)) AS place
    FROM interval_middles
    WHERE median >= :interval
), timed AS MATERIALIZED (
    SELECT series, median AS interval_ms, max(0.0, 1 - avg(distance) / median) AS regular
    FROM interval_distances WHERE place IN ((n + 1) / 2, (n + 2) / 2)
    GROUP BY series, median
-- The bytes can at best be perfectly regular: what is left must be able to reach the score.
), amounts AS (
    SELECT c.series, c.bytes AS amount, row_number() OVER (PARTITION BY c.series ORDER BY c.bytes) AS place,
        count(*) OVER (PARTITION BY c.series) AS n
    FROM calls c
    WHERE c.series IN (SELECT series FROM timed WHERE (regular + 1) / 2 > :score)
), amount_middles AS (
    SELECT series, amount, n, avg(CASE WHEN place IN ((n + 1) / 2, (n + 2) / 2) THEN amount END) OVER (PARTITION BY series) AS median
    FROM amounts
), amount_distances AS (
    SELECT series, median, n, abs(amount - median) AS distance,
        row_number() OVER (PARTITION BY series ORDER BY abs(amount - median)) AS place
    FROM amount_middles
), sized AS (
    SELECT series, CASE WHEN median > 0 THEN max(0.0, 1 - avg(distance) / median) WHEN avg(distance) = 0
        THEN 1.0 ELSE 0.0 END AS regular
    FROM amount_distances WHERE place IN ((n + 1) / 2, (n + 2) / 2)
    GROUP BY series, median
), found AS (
    SELECT s.series, (t.regular + s.regular) / 2 AS score_seen, CAST(t.interval_ms AS INTEGER) AS interval_ms,
        min(c.started_at) AS first_seen, max(c.started_at) AS last_seen, count(*) AS count, json_group_array(c.flow_id) AS flow_ids,
        min(c.flow_id) AS first_flow
    FROM calls c
    CROSS JOIN timed t ON t.series = c.series
    CROSS JOIN sized s ON s.series = c.series
    WHERE c.series IN (SELECT series FROM sized) AND (t.regular + s.regular) / 2 > :score
    GROUP BY s.series, t.regular, s.regular, t.interval_ms
    HAVING count(*) >= :flows AND max(c.started_at) - min(c.started_at) >= :span
)
SELECT f.principal_kind, f.principal_id, coalesce(f.principal, f.principal_id) AS principal, f.device_id, f.address,
    f.address AS resource, f.protocol, f.port, x.score_seen, x.interval_ms, x.first_seen, x.last_seen, x.count, x.flow_ids
FROM found x
JOIN flow f ON f.flow_id = x.first_flow
