/* ---
id: headline
title: In numbers
question: What happened in the period, in numbers?
empty: There are no flows in the period.
shape: figures
columns:
  flows: {label: Connections, kind: integer}
  principals: {label: People and services, kind: integer}
  destinations: {label: Destinations, kind: integer}
  connectors: {label: Connectors, kind: integer}
  bytes: {label: Bytes carried, kind: bytes}
  over_permitted: {label: Over-permitted, kind: integer}
  misrouted: {label: Misrouted, kind: integer}
  over_blocked: {label: Over-blocked, kind: integer}
  outlived: {label: Outlived their permission, kind: integer}
  denied: {label: Refused attempts, kind: integer}
  failed: {label: Failed, kind: integer}
  unverifiable: {label: Could not be judged, kind: integer}
status: stable
--- */
SELECT sum(flows) AS flows, count(DISTINCT principal_kind || ' ' || principal_id) AS principals,
    count(DISTINCT coalesce(resource_id, address)) AS destinations, count(DISTINCT connector_id) AS connectors,
    min(sum(bytes_received) + sum(bytes_transferred), 9223372036854775807) AS bytes,
    sum(CASE verdict WHEN 'over-permitted' THEN flows ELSE 0 END) AS over_permitted,
    sum(CASE verdict WHEN 'misrouted' THEN flows ELSE 0 END) AS misrouted,
    sum(CASE verdict WHEN 'over-blocked' THEN flows ELSE 0 END) AS over_blocked,
    sum(CASE WHEN ';' || qualifiers || ';' LIKE '%;outlived;%' THEN flows ELSE 0 END) AS outlived,
    sum(CASE outcome WHEN 'denied' THEN flows ELSE 0 END) AS denied,
    sum(CASE outcome WHEN 'failed' THEN flows ELSE 0 END) AS failed,
    sum(CASE WHEN coalesce(verdict, 'unverifiable') = 'unverifiable' THEN flows ELSE 0 END) AS unverifiable
FROM access
WHERE hour_at >= :since AND hour_at < :until
HAVING sum(flows) > 0
