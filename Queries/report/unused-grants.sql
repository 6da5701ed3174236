/* ---
id: unused-grants
title: Grants without use
question: Which grants did nobody use in the period?
empty: Every grant was used in the period.
shown: 100
columns:
  resource: {label: Resource}
  resource_id: {label: Id}
  holder: {label: Granted to}
  principals: {label: Principals who could, kind: integer}
  last_used_at: {label: Last used before, kind: time}
  expires: {label: Expires}
status: stable
--- */
WITH current AS MATERIALIZED (
    SELECT version FROM policy_snapshot WHERE effective_at < :until ORDER BY effective_at DESC LIMIT 1
), grants AS MATERIALIZED (
    SELECT g.resource_id, g.group_id, g.service_account_id, g.expires
    FROM current JOIN policy_grant g ON g.policy_version = current.version
), members AS MATERIALIZED (
    SELECT m.group_id, m."group", m.user_id FROM current JOIN policy_member m ON m.policy_version = current.version
), holders AS MATERIALIZED (
    SELECT g.resource_id, 'group ' || m."group" AS holder, 'user' AS principal_kind, m.user_id AS principal_id, g.expires
    FROM grants g JOIN members m ON m.group_id = g.group_id
    UNION ALL
    SELECT g.resource_id, 'service account ' || g.service_account_id, 'service_account', g.service_account_id, g.expires
    FROM grants g WHERE g.service_account_id IS NOT NULL
), name AS MATERIALIZED (
    SELECT r.resource_id, r.resource FROM current JOIN policy_resource r ON r.policy_version = current.version
), uses AS MATERIALIZED (
    SELECT principal_kind, principal_id, resource_id, max(last_at) AS last_at,
        sum(CASE WHEN hour_at >= :since THEN flows ELSE 0 END) AS flows
    FROM access
    WHERE outcome IN ('allowed', 'failed') AND hour_at < :until
    GROUP BY principal_kind, principal_id, resource_id
)
SELECT r.resource, h.resource_id, h.holder, count(DISTINCT h.principal_id) AS principals, max(u.last_at) AS last_used_at,
    max(h.expires) AS expires
FROM holders h
JOIN name r ON r.resource_id = h.resource_id
LEFT JOIN uses u ON u.principal_kind = h.principal_kind AND u.principal_id = h.principal_id AND u.resource_id = h.resource_id
GROUP BY r.resource, h.resource_id, h.holder
HAVING coalesce(sum(u.flows), 0) = 0
ORDER BY principals DESC, r.resource, h.holder
