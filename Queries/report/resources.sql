/* ---
id: resources
title: Resources and their users
question: Which Resources were used, by how many, and by whom most?
empty: No Resource was used in the period.
shown: 100
columns:
  resource: {label: Resource}
  resource_id: {label: Id}
  address: {label: Destination}
  granted: {label: May reach it, kind: integer}
  principals: {label: Reached it, kind: integer}
  share: {label: Part of those who may, kind: share}
  flows: {label: Connections, kind: integer}
  most_by: {label: Most by}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
  flow_ids: {label: Evidence, kind: flows}
status: stable
--- */
WITH uses AS (
    SELECT resource_id, principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal,
        min(address) AS address, sum(flows) AS flows,
        min(first_at) AS first_at, max(last_at) AS last_at, min(first_flow) AS first_flow, max(last_flow) AS last_flow
    FROM access
    WHERE outcome IN ('allowed', 'failed') AND resource_id IS NOT NULL AND hour_at >= :since AND hour_at < :until
    GROUP BY resource_id, principal_kind, principal_id
), ranked AS (
    SELECT uses.*, row_number() OVER (PARTITION BY resource_id ORDER BY flows DESC, principal_id) AS place FROM uses
), current AS (
    SELECT version FROM policy_snapshot WHERE effective_at < :until ORDER BY effective_at DESC LIMIT 1
), holders AS (
    SELECT g.resource_id, 'user' AS principal_kind, m.user_id AS principal_id
    FROM current JOIN policy_grant g ON g.policy_version = current.version
    JOIN policy_member m ON m.policy_version = current.version AND m.group_id = g.group_id
    UNION
    SELECT g.resource_id, 'service_account', g.service_account_id
    FROM current JOIN policy_grant g ON g.policy_version = current.version WHERE g.service_account_id IS NOT NULL
), granted AS (
    SELECT resource_id, count(*) AS principals FROM holders GROUP BY resource_id
)
SELECT coalesce(r.resource, u.resource_id) AS resource, u.resource_id, min(u.address) AS address, max(g.principals) AS granted,
    count(*) AS principals, CASE WHEN max(g.principals) >= count(*) THEN 1.0 * count(*) / max(g.principals) END AS share,
        sum(u.flows) AS flows,
    max(CASE u.place WHEN 1 THEN u.principal END) AS most_by, min(u.first_at) AS first_at, max(u.last_at) AS last_at,
    json_array(min(u.first_flow), max(u.last_flow)) AS flow_ids
FROM ranked u
LEFT JOIN current ON 1 = 1
LEFT JOIN policy_resource r ON r.policy_version = current.version AND r.resource_id = u.resource_id
LEFT JOIN granted g ON g.resource_id = u.resource_id
GROUP BY u.resource_id, r.resource
ORDER BY flows DESC, u.resource_id
