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
        min(address) AS address, max(address) AS last_address, sum(flows) AS flows,
        min(first_at) AS first_at, max(last_at) AS last_at, min(first_flow) AS first_flow, max(last_flow) AS last_flow
    FROM access
    WHERE outcome IN ('allowed', 'failed') AND resource_id IS NOT NULL AND hour_at >= :since AND hour_at < :until
    GROUP BY resource_id, principal_kind, principal_id
), ranked AS (
    SELECT uses.*, row_number() OVER (PARTITION BY resource_id ORDER BY flows DESC, principal_id) AS place FROM uses
), summed AS MATERIALIZED (
    SELECT resource_id, CASE WHEN min(address) = max(last_address) THEN min(address) END AS address, count(*) AS principals,
        sum(flows) AS flows,
        max(CASE place WHEN 1 THEN principal END) AS most_by, min(first_at) AS first_at, max(last_at) AS last_at,
        min(first_flow) AS first_flow, max(last_flow) AS last_flow
    FROM ranked
    GROUP BY resource_id
), current AS (
    SELECT version FROM policy_snapshot WHERE effective_at < :until ORDER BY effective_at DESC LIMIT 1
), grants AS MATERIALIZED (
    SELECT g.resource_id, g.group_id, g.service_account_id
    FROM current JOIN policy_grant g ON g.policy_version = current.version
), members AS MATERIALIZED (
    SELECT m.group_id, m.user_id FROM current JOIN policy_member m ON m.policy_version = current.version
), holders AS (
    SELECT g.resource_id, 'user' AS principal_kind, m.user_id AS principal_id
    FROM grants g JOIN members m ON m.group_id = g.group_id
    UNION
    SELECT g.resource_id, 'service_account', g.service_account_id
    FROM grants g WHERE g.service_account_id IS NOT NULL
), name AS MATERIALIZED (
    SELECT DISTINCT r.resource_id, r.resource FROM current JOIN policy_resource r ON r.policy_version = current.version
), granted AS MATERIALIZED (
    SELECT resource_id, count(*) AS principals FROM holders GROUP BY resource_id
)
SELECT coalesce(r.resource, u.resource_id) AS resource, u.resource_id, u.address, g.principals AS granted, u.principals,
    CASE WHEN g.principals >= u.principals THEN 1.0 * u.principals / g.principals END AS share, u.flows, u.most_by, u.first_at,
    u.last_at, json_array(u.first_flow, u.last_flow) AS flow_ids
FROM summed u
LEFT JOIN name r ON r.resource_id = u.resource_id
LEFT JOIN granted g ON g.resource_id = u.resource_id
ORDER BY u.flows DESC, u.resource_id
