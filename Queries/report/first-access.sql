/* ---
id: first-access
title: First accesses
question: Who reached what for the first time in the period?
empty: Nobody reached anything for the first time in the period.
shown: 100
columns:
  first_at: {label: First, kind: time}
  principal: {label: Who}
  resource_id: {label: Resource}
  address: {label: Destination}
  flows: {label: Connections since, kind: integer}
  flow_ids: {label: Evidence, kind: flows}
status: stable
--- */
SELECT min(first_at) AS first_at, coalesce(max(principal), principal_id) AS principal, resource_id,
    CASE WHEN min(address) = max(address) THEN min(address) END AS address,
    sum(flows) AS flows,
    json_array(min(first_flow)) AS flow_ids
FROM access
WHERE outcome IN ('allowed', 'failed') AND hour_at < :until
GROUP BY principal_kind, principal_id, resource_id
HAVING min(first_at) >= :since
ORDER BY first_at, principal_kind, principal_id, resource_id
