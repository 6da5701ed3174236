/* ---
id: who-could-reach
title: Who could reach a Resource
question: Who held a grant for this Resource, through which group, at a moment?
description: >
  The grants of the policy in force at the moment, with the last use of each. Expiry and revoked keys are shown, not applied.
parameters:
  resource: {type: text, required: true, description: 'Resource id, name in the policy or address, with * and ? as wildcards.'}
  at: {type: time, description: 'The moment; the newest policy without one.'}
examples:
  - twin-audit query run who-could-reach --param resource=7201 --param at=2026-10-08T09:00:00Z
status: stable
--- */
WITH moment AS (
    SELECT version FROM policy_snapshot
    WHERE :at IS NULL OR effective_at <= :at
    ORDER BY effective_at DESC
    LIMIT 1
), holders AS (
    SELECT g.resource_id, m.user_id AS principal_id, 'user' AS principal_kind, u.email AS principal, u.state,
        'group ' || m."group" AS through,
        g.expires
    FROM moment
    JOIN policy_grant g ON g.policy_version = moment.version
    JOIN policy_member m ON m.policy_version = moment.version AND m.group_id = g.group_id
    LEFT JOIN policy_user u ON u.policy_version = moment.version AND u.user_id = m.user_id
    UNION ALL
    SELECT g.resource_id, g.service_account_id, 'service_account', NULL, NULL, 'service account ' || g.service_account_id, g.expires
    FROM moment
    JOIN policy_grant g ON g.policy_version = moment.version
    WHERE g.service_account_id IS NOT NULL
)
SELECT r.resource_id, r.resource, r.address, h.principal_kind, h.principal_id, coalesce(h.principal, max(a.principal)) AS principal,
    h.state, h.through, h.expires, coalesce(sum(a.flows), 0) AS flows, max(a.last_at) AS last_used_at
FROM holders h
JOIN moment
JOIN policy_resource r ON r.policy_version = moment.version AND r.resource_id = h.resource_id
LEFT JOIN access a ON a.principal_kind = h.principal_kind AND a.principal_id = h.principal_id AND a.resource_id = h.resource_id
    AND a.outcome IN ('allowed', 'failed') AND a.hour_at >= :since AND a.hour_at < :until
WHERE r.resource_id = :resource OR lower(r.resource) GLOB lower(:resource) OR lower(r.address) GLOB lower(:resource)
GROUP BY r.resource_id, r.resource, r.address, h.principal_kind, h.principal_id, h.principal, h.state, h.through, h.expires
ORDER BY r.resource_id, principal, h.through
