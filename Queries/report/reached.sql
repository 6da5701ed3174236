/* ---
id: reached
title: Who reached what
question: Who reached which Resource through which Connector?
empty: Nobody was carried anywhere in the period.
shown: 25
columns:
  principal: {label: Who}
  resource: {label: Resource}
  address: {label: Destination}
  connectors: {label: Through}
  flows: {label: Connections, kind: integer}
  share: {label: Share, kind: share}
  bytes_received: {label: Received, kind: bytes}
  bytes_transferred: {label: Sent, kind: bytes}
  verdicts: {label: Verdicts}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
  flow_ids: {label: Evidence, kind: flows}
status: stable
--- */
WITH ways AS (
    SELECT principal_kind, principal_id, max(principal) AS principal, resource_id, address, connector, verdict, sum(flows) AS flows,
        sum(bytes_received) AS bytes_received, sum(bytes_transferred) AS bytes_transferred, min(first_at) AS first_at,
        max(last_at) AS last_at, min(first_flow) AS first_flow, max(last_flow) AS last_flow
    FROM access
    WHERE outcome IN ('allowed', 'failed') AND hour_at >= :since AND hour_at < :until
    GROUP BY principal_kind, principal_id, resource_id, address, connector, verdict
    ORDER BY principal_kind, principal_id, resource_id, address, connector, verdict
), edges AS (
    SELECT principal_kind, principal_id, max(principal) AS principal, resource_id, address,
        group_concat(DISTINCT connector) AS connectors,
        sum(flows) AS flows, sum(bytes_received) AS bytes_received, sum(bytes_transferred) AS bytes_transferred,
        group_concat(DISTINCT verdict) AS verdicts, min(first_at) AS first_at, max(last_at) AS last_at,
            min(first_flow) AS first_flow,
        max(last_flow) AS last_flow
    FROM ways
    GROUP BY principal_kind, principal_id, resource_id, address
), names AS (
    SELECT resource_id, resource, row_number() OVER (PARTITION BY resource_id ORDER BY effective_at DESC) AS place
    FROM policy_resource WHERE effective_at < :until
)
SELECT coalesce(e.principal, e.principal_id) AS principal, coalesce(n.resource, e.resource_id) AS resource, e.address, e.connectors,
    e.flows, 1.0 * e.flows / max(e.flows) OVER () AS share, e.bytes_received, e.bytes_transferred, e.verdicts, e.first_at,
        e.last_at,
    json_array(e.first_flow, e.last_flow) AS flow_ids
FROM edges e
LEFT JOIN names n ON n.resource_id = e.resource_id AND n.place = 1
ORDER BY e.flows DESC, e.principal_kind, e.principal_id, e.resource_id, e.address
