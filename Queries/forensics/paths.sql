/* ---
id: paths
title: Direct and relayed
question: Which connections went directly, and which over a relay?
description: >
  One row for each network, Connector and path.
examples:
  - twin-audit query run paths --since 7d
status: stable
--- */
SELECT network, coalesce(connector, connector_id) AS connector, coalesce(path, 'unknown') AS path, count(*) AS flows,
    count(DISTINCT client_ip) AS client_addresses, sum(bytes_received) AS bytes_received, min(started_at) AS first_at,
    max(started_at) AS last_at
FROM flow
WHERE outcome = 'allowed' AND started_at >= :since AND started_at < :until
GROUP BY network, coalesce(connector, connector_id), coalesce(path, 'unknown')
ORDER BY network, connector, flows DESC
