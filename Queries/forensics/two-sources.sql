/* ---
id: two-sources
title: Flows that two sources tell of
question: Do reports and Connectors tell the same story of the same connections?
description: >
  A row of a report or a synced event has no connection id; ingest recognises it as the flow that a Connector's own log or journal tells of.
  `relation` is `same`, `conflict` (`differs` names the columns in which the two disagree), `report only` for records that no Connector's
  record answers to, or `connector only` for flows within the time that reports cover and of which no other source tells.
parameters: {}
columns:
  relation: {label: Relation, kind: text}
  started_at: {label: Start, kind: time}
  bytes_received: {label: Received, kind: bytes}
examples:
  - twin-audit query run two-sources --since 2026-10-08
status: stable
--- */
WITH covered AS MATERIALIZED (
    SELECT min(started_at) AS first_at, max(started_at) AS last_at
    FROM (
        SELECT started_at FROM flow WHERE connection_id IS NULL AND started_at >= :since AND started_at < :until
        UNION ALL
        SELECT started_at FROM source_match WHERE started_at >= :since AND started_at < :until)
)
SELECT r.relation, r.differs, r.started_at, coalesce(r.principal, r.principal_id) AS principal,
    coalesce(r.address, r.resource_ip) AS destination, r.port, coalesce(r.connector, r.connector_id) AS connector, r.bytes_received,
    r.matched_flow_id AS report_flow, r.source_id AS report_source, r.source_line AS report_line, r.connection_id,
    r.flow_id AS connector_flow, f.source_id AS connector_source, f.source_line AS connector_line
FROM source_match r LEFT JOIN flow f ON f.flow_id = r.flow_id
WHERE r.started_at >= :since AND r.started_at < :until
UNION ALL
SELECT 'report only', NULL, started_at, coalesce(principal, principal_id), coalesce(address, resource_ip), port,
    coalesce(connector, connector_id), bytes_received, flow_id, source_id, source_line, NULL, NULL, NULL, NULL
FROM flow
WHERE connection_id IS NULL AND started_at >= :since AND started_at < :until
UNION ALL
SELECT 'connector only', NULL, started_at, coalesce(principal, principal_id), coalesce(address, resource_ip), port,
    coalesce(connector, connector_id), bytes_received, NULL, NULL, NULL, connection_id, flow_id, source_id, source_line
FROM flow
WHERE connection_id IS NOT NULL AND source_matches = 0 AND started_at >= :since AND started_at < :until
    AND started_at BETWEEN (SELECT first_at FROM covered) AND (SELECT last_at FROM covered)
ORDER BY started_at, relation, report_flow, connector_flow
