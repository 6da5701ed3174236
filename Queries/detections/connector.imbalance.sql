/* ---
id: connector.imbalance
title: One Connector carries far more or less than its peers
severity: low
question: Is traffic spread over the Connectors of a network?
description: >
  Clients choose among the Connectors of a network. One that stands out is overloaded, half broken, or preferred by something that
  should not prefer it.
precisely: >
  On a day in UTC, in a Remote network where at least `connectors` Connectors carried at least `flows` flows together, a Connector's
  number of flows lies further from the median than `deviations` times the larger of the median absolute deviation and a tenth of
  the median.
witness: connector
needs: [flows]
subject: [network_id, connector_id]
explanation: >-
  Connector {connector} carried {flows_seen} flows on the day that began at {day_at} where the median of network {network} is
  {median_flows}; days like this: {count}
parameters:
  connectors: {type: integer, default: 4, description: Connectors from which on a median means something.}
  flows: {type: integer, default: 1000, description: Flows a day from which on the share means something.}
  deviations: {type: number, default: 3, description: Deviations from the median.}
false_positives:
  - A Connector that was drained or set up during the day.
attack: []
controls: ["ISO 27001:2022 A.8.14", "ISO 27001:2022 A.8.6"]
status: stable
--- */
WITH loads AS (
    SELECT network_id, max(network) AS network, connector_id, max(coalesce(connector, connector_id)) AS connector,
        hour_at / 86400000 * 86400000 AS day_at, sum(flows) AS flows, min(first_at) AS first_at, max(last_at) AS last_at,
        min(first_flow) AS flow_id
    FROM access
    WHERE outcome IN ('allowed', 'failed') AND network_id IS NOT NULL AND connector_id IS NOT NULL
        AND hour_at >= :since AND hour_at < :until
    GROUP BY network_id, connector_id, hour_at / 86400000
), ranked AS (
    SELECT loads.*, row_number() OVER (PARTITION BY network_id, day_at ORDER BY flows) AS place,
        count(*) OVER (PARTITION BY network_id, day_at) AS n, sum(flows) OVER (PARTITION BY network_id, day_at) AS total
    FROM loads
), middle AS (
    SELECT ranked.*, avg(CASE WHEN place IN ((n + 1) / 2, (n + 2) / 2) THEN flows END) OVER (PARTITION BY network_id,
        day_at) AS median
    FROM ranked
), distances AS (
    SELECT middle.*, abs(flows - median) AS distance,
        row_number() OVER (PARTITION BY network_id, day_at ORDER BY abs(flows - median)) AS distance_place
    FROM middle
), spread AS (
    SELECT distances.*, avg(CASE WHEN distance_place IN ((n + 1) / 2, (n + 2) / 2) THEN distance END) OVER (
        PARTITION BY network_id, day_at) AS deviation
    FROM distances
)
SELECT network_id, coalesce(max(network), network_id) AS network, connector_id, max(connector) AS connector,
    max(day_at) AS day_at, max(flows) AS flows_seen, CAST(max(median) AS INTEGER) AS median_flows,
    min(first_at) AS first_seen, max(last_at) AS last_seen, count(*) AS count, json_group_array(flow_id) AS flow_ids
FROM spread
WHERE n >= :connectors AND total >= :flows
    AND distance > :deviations * CASE WHEN deviation > median / 10 THEN deviation ELSE median / 10 END
GROUP BY network_id, connector_id
