/* ---
id: connectors
title: Connectors and networks
question: Which Connectors carried the traffic?
empty: No Connector carried anything in the period.
columns:
  network: {label: Remote network}
  connector: {label: Connector}
  connector_id: {label: Id}
  flows: {label: Connections, kind: integer}
  share: {label: Share of its network, kind: share}
  principals: {label: Principals, kind: integer}
  failed: {label: Failed, kind: integer}
  denied: {label: Refused, kind: integer}
  bytes: {label: Bytes, kind: bytes}
  in_policy: {label: In policy}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
status: stable
--- */
WITH loads AS (
    SELECT network_id, max(network) AS network, connector_id, max(connector) AS connector, sum(flows) AS flows,
        count(DISTINCT principal_kind || ' ' || principal_id) AS principals,
        sum(CASE outcome WHEN 'failed' THEN flows ELSE 0 END) AS failed, sum(CASE outcome WHEN 'denied'
            THEN flows ELSE 0 END) AS denied,
        min(sum(bytes_received) + sum(bytes_transferred), 9223372036854775807) AS bytes, min(first_at) AS first_at, max(last_at) AS last_at
    FROM access
    WHERE hour_at >= :since AND hour_at < :until
    GROUP BY network_id, connector_id
)
SELECT coalesce(network, network_id) AS network, coalesce(connector, connector_id) AS connector, connector_id, flows,
    1.0 * flows / sum(flows) OVER (PARTITION BY network_id) AS share, principals, failed, denied, bytes,
    CASE WHEN EXISTS (SELECT 1 FROM policy_connector p WHERE p.connector_id = loads.connector_id AND p.effective_at < :until
        AND (p.superseded_at IS NULL OR p.superseded_at > :since)) THEN 'yes' ELSE 'no' END AS in_policy, first_at, last_at
FROM loads
ORDER BY network, flows DESC, connector_id
