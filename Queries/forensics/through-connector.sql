/* ---
id: through-connector
title: What went through a Connector
question: Which Resources were reached through which Connector?
description: >
  One row for each Connector and Resource. The address is given where there was only one.
parameters:
  connector: {type: text, description: 'Connector name, with * and ? as wildcards, or id.'}
columns:
  connector: {label: Connector, kind: text}
  bytes_received: {label: Received, kind: bytes}
examples:
  - twin-audit query run through-connector --param connector='fine-*'
status: stable
--- */
SELECT network, connector_id, coalesce(max(connector), connector_id) AS connector, resource_id,
    CASE WHEN min(address) = max(address) THEN min(address) END AS address,
    count(DISTINCT address) AS addresses, count(DISTINCT principal_kind || ' ' || principal_id) AS principals, sum(flows) AS flows,
    sum(CASE outcome WHEN 'failed' THEN flows ELSE 0 END) AS failed, sum(CASE outcome WHEN 'denied'
        THEN flows ELSE 0 END) AS denied,
    sum(bytes_received) AS bytes_received, sum(bytes_transferred) AS bytes_transferred, min(first_at) AS first_at,
    max(last_at) AS last_at
FROM access
WHERE hour_at >= :since AND hour_at < :until AND (:connector IS NULL OR connector_id = :connector
    OR lower(connector) GLOB lower(:connector))
GROUP BY network, connector_id, resource_id
ORDER BY network, connector, flows DESC
