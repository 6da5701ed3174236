/* ---
id: connector.no-redundancy
title: A Remote network hangs on one Connector
severity: low
question: Which networks would be cut off if one Connector failed?
description: >
  Two Connectors carry on when one fails. A network whose traffic went through a single one all day has no second, or the second does
  not work.
precisely: >
  On a day in UTC on which a Remote network carried at least `flows` flows, fewer than two Connectors carried any of them. One finding for
  each network, with the number of such days.
witness: connector
needs: [flows]
subject: [network_id]
explanation: "network {network} was served by Connector {connector} alone on {count} days, the last one beginning at {day_at}"
parameters:
  flows: {type: integer, default: 20, description: Flows a day below which a single Connector is no surprise.}
false_positives:
  - Test networks.
attack: []
controls: ["ISO 27001:2022 A.8.14", "NIST SP 800-53 CP-10", "SOC 2 A1.2"]
status: stable
--- */
WITH days AS (
    SELECT network_id, max(network) AS network, hour_at / 86400000 * 86400000 AS day_at, count(DISTINCT connector_id) AS connectors,
        max(coalesce(connector, connector_id)) AS connector, min(first_at) AS first_at, max(last_at) AS last_at,
        min(first_flow) AS flow_id
    FROM access
    WHERE outcome IN ('allowed', 'failed') AND network_id IS NOT NULL AND connector_id IS NOT NULL
        AND hour_at >= :since AND hour_at < :until
    GROUP BY network_id, hour_at / 86400000
    HAVING sum(flows) >= :flows
)
SELECT network_id, coalesce(max(network), network_id) AS network, max(connector) AS connector, max(day_at) AS day_at,
    min(first_at) AS first_seen, max(last_at) AS last_seen, count(*) AS count, json_group_array(flow_id) AS flow_ids
FROM days
WHERE connectors < 2
GROUP BY network_id
