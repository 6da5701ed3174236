/* ---
id: two-sources
title: Flows that two sources tell of
question: Do reports and Connectors tell the same story of the same connections?
description: >
  A row of a report or a synced event has no connection id, so it is a flow of its own beside that of the Connector's log or journal. This
  puts the two side by side: same principal, Connector, destination and port, begun within the tolerance. `relation` is `same`, `conflict`
  (outcome, bytes or end differ; `differs` names which), `report only`, or `connector only` for flows within the time that reports cover.
parameters:
  tolerance: {type: duration, default: 1s, description: The most that the two starts and ends may differ.}
columns:
  relation: {label: Relation, kind: text}
  started_at: {label: Start, kind: time}
  bytes_received: {label: Received, kind: bytes}
examples:
  - twin-audit query run two-sources --since 2026-10-08
status: stable
--- */
WITH report AS MATERIALIZED (
    SELECT flow_id, started_at, ended_at, outcome, principal, principal_id, connector_id, connector, port, bytes_received,
        bytes_transferred, source_id, source_line, coalesce(address, resource_ip) AS destination
    FROM flow
    WHERE is_whole AND connection_id IS NULL AND started_at >= :since AND started_at < :until
), named AS MATERIALIZED (
    SELECT flow_id, connection_id, started_at, ended_at, outcome, principal, principal_id, connector_id, connector, port, bytes_received,
        bytes_transferred, source_id, source_line, coalesce(address, resource_ip) AS destination
    FROM flow
    WHERE connection_id IS NOT NULL AND outcome <> 'denied'
        AND started_at >= :since - :tolerance AND started_at < :until + :tolerance
), paired AS (
    SELECT r.flow_id AS report_flow, n.flow_id AS connector_flow,
        row_number() OVER (PARTITION BY r.flow_id ORDER BY abs(n.started_at - r.started_at), n.flow_id) AS place
    FROM report r
    JOIN named n ON n.principal_id IS r.principal_id AND n.connector_id IS r.connector_id AND n.destination IS r.destination
        AND n.port IS r.port AND n.started_at BETWEEN r.started_at - :tolerance AND r.started_at + :tolerance
), nearest AS MATERIALIZED (
    SELECT report_flow, connector_flow FROM paired WHERE place = 1
), compared AS (
    SELECT r.*, n.connection_id, n.flow_id AS connector_flow, n.source_id AS connector_source, n.source_line AS connector_line,
        rtrim(CASE WHEN n.outcome <> r.outcome THEN 'outcome ' ELSE '' END
            || CASE WHEN n.bytes_received <> r.bytes_received OR n.bytes_transferred <> r.bytes_transferred THEN 'bytes ' ELSE '' END
            || CASE WHEN abs(n.ended_at - r.ended_at) > :tolerance THEN 'end ' ELSE '' END) AS differs
    FROM nearest p
    JOIN report r ON r.flow_id = p.report_flow
    JOIN named n ON n.flow_id = p.connector_flow
)
SELECT CASE differs WHEN '' THEN 'same' ELSE 'conflict' END AS relation, nullif(differs, '') AS differs, started_at,
    coalesce(principal, principal_id) AS principal, destination, port, coalesce(connector, connector_id) AS connector, bytes_received,
    flow_id AS report_flow, source_id AS report_source, source_line AS report_line, connection_id, connector_flow, connector_source,
    connector_line
FROM compared
UNION ALL
SELECT 'report only', NULL, started_at, coalesce(principal, principal_id), destination, port, coalesce(connector, connector_id),
    bytes_received, flow_id, source_id, source_line, NULL, NULL, NULL, NULL
FROM report
WHERE flow_id NOT IN (SELECT report_flow FROM nearest)
UNION ALL
SELECT 'connector only', NULL, started_at, coalesce(principal, principal_id), destination, port, coalesce(connector, connector_id),
    bytes_received, NULL, NULL, NULL, connection_id, flow_id, source_id, source_line
FROM named
WHERE flow_id NOT IN (SELECT connector_flow FROM nearest)
    AND started_at >= (SELECT min(started_at) FROM report) AND started_at <= (SELECT max(started_at) FROM report)
    AND started_at >= :since AND started_at < :until
ORDER BY started_at, relation, report_flow, connector_flow
