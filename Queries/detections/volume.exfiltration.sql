/* ---
id: volume.exfiltration
title: Far more data taken from a Resource than ever
severity: high
question: Who took much more from a Resource in a day than they usually do?
description: >
  Data leaves through the connections that were granted for work. The measure is what the same principal took from the same Resource
  before.
precisely: >
  Bytes received from a Resource by one principal in one day in UTC exceed both `floor` and the median plus `deviations` times the
  median absolute deviation of the active days among the `days` days before, of which there must be at least `active_days`.
witness: connector
needs: [flows]
subject: [principal_kind, principal_id, resource_id, day_at]
explanation: >-
  {principal} received {bytes_seen} from {address} (Resource {resource_id}) on the day that began at {day_at}; the median day is
  {usual_bytes}
parameters:
  floor: {type: integer, default: 500000000, description: Bytes a day below which nothing is reported.}
  deviations: {type: number, default: 6, description: Median absolute deviations above the median.}
  days: {type: integer, default: 28, description: Days of history that are compared with.}
  active_days: {type: integer, default: 7, description: Days with use that the history must have.}
false_positives:
  - Backups and yearly exports; set them aside with a suppression.
attack: [T1041, T1048, T1530]
controls: ["ISO 27001:2022 A.8.12", "NIST SP 800-53 SI-4(4)", "SOC 2 CC6.7"]
status: stable
--- */
WITH daily AS (
    SELECT principal_kind, principal_id, max(principal) AS principal, resource_id, max(address) AS address,
        hour_at / 86400000 AS day, sum(bytes_received) AS bytes, min(first_at) AS first_at, max(last_at) AS last_at,
        sum(flows) AS flows, json_group_array(first_flow) AS flow_ids
    FROM access
    WHERE outcome = 'allowed' AND resource_id IS NOT NULL AND hour_at < :until
    GROUP BY principal_kind, principal_id, resource_id, hour_at / 86400000
), suspect AS (
    SELECT * FROM daily WHERE bytes > :floor AND day * 86400000 >= :since
), history AS (
    SELECT s.principal_kind, s.principal_id, s.resource_id, s.day, h.bytes,
        row_number() OVER (PARTITION BY s.principal_kind, s.principal_id, s.resource_id, s.day ORDER BY h.bytes) AS place,
        count(*) OVER (PARTITION BY s.principal_kind, s.principal_id, s.resource_id, s.day) AS days
    FROM suspect s
    JOIN daily h ON h.principal_kind = s.principal_kind AND h.principal_id = s.principal_id AND h.resource_id = s.resource_id
        AND h.day >= s.day - :days AND h.day < s.day
), middle AS (
    SELECT principal_kind, principal_id, resource_id, day, avg(bytes) AS median, max(days) AS days
    FROM history
    WHERE place IN ((days + 1) / 2, (days + 2) / 2)
    GROUP BY principal_kind, principal_id, resource_id, day
), distances AS (
    SELECT m.principal_kind, m.principal_id, m.resource_id, m.day, m.median, m.days, abs(h.bytes - m.median) AS distance,
        row_number() OVER (
            PARTITION BY m.principal_kind, m.principal_id, m.resource_id, m.day ORDER BY abs(h.bytes - m.median)) AS place
    FROM middle m
    JOIN history h ON h.principal_kind = m.principal_kind AND h.principal_id = m.principal_id AND h.resource_id = m.resource_id
        AND h.day = m.day
), spread AS (
    SELECT principal_kind, principal_id, resource_id, day, median, days, avg(distance) AS deviation
    FROM distances
    WHERE place IN ((days + 1) / 2, (days + 2) / 2)
    GROUP BY principal_kind, principal_id, resource_id, day, median, days
)
SELECT s.principal_kind, s.principal_id, coalesce(s.principal, s.principal_id) AS principal, s.resource_id,
    s.resource_id AS resource,
    s.address, s.day * 86400000 AS day_at, s.bytes AS bytes_seen, CAST(p.median AS INTEGER) AS usual_bytes,
    s.first_at AS first_seen, s.last_at AS last_seen, s.flows AS count, s.flow_ids
FROM suspect s
JOIN spread p ON p.principal_kind = s.principal_kind AND p.principal_id = s.principal_id AND p.resource_id = s.resource_id
    AND p.day = s.day
WHERE p.days >= :active_days AND s.bytes > p.median + :deviations * p.deviation
