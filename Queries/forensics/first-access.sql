/* ---
id: first-access
title: First accesses
question: Who reached what for the first time in the period?
description: >
  One row for each principal and Resource whose first carried flow ever lies in the period. The address is given
  where there was only one.
parameters:
  user: {type: text, description: 'E-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: 'Resource id, name in the policy or address, with * and ? as wildcards.'}
columns:
  first_at: {label: First, kind: time}
examples:
  - twin-audit query run first-access --since 7d
status: stable
--- */
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal, resource_id,
    CASE WHEN min(address) = max(address) THEN min(address) END AS address,
    min(first_at) AS first_at, sum(flows) AS flows_since, min(first_flow) AS first_flow
FROM access
WHERE outcome IN ('allowed', 'failed') AND hour_at < :until AND (:user IS NULL OR principal_id = :user
    OR lower(principal) GLOB lower(:user))
    AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
        OR resource_id IN (SELECT r.resource_id FROM policy_resource r WHERE lower(r.resource) GLOB lower(:resource)))
GROUP BY principal_kind, principal_id, resource_id
HAVING min(first_at) >= :since
ORDER BY first_at, principal
