/* ---
id: denied
title: Refused attempts
question: Who was refused what, and rightly so?
description: >
  One row for each principal, destination, Connector and reason; verdict `over-blocked` means that the policy in force allows it.
parameters:
  user: {type: text, description: 'E-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: 'Resource id, name in the policy or address, with * and ? as wildcards.'}
examples:
  - twin-audit query run denied --since 7d --format csv
status: stable
--- */
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal, address, port, protocol,
    connector, verdict, reason, qualifiers, sum(flows) AS flows, min(first_at) AS first_at,
        max(last_at) AS last_at,
    max(last_flow) AS last_flow
FROM access
WHERE outcome = 'denied' AND hour_at >= :since AND hour_at < :until AND (:user IS NULL OR principal_id = :user
    OR lower(principal) GLOB lower(:user))
    AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
        OR resource_id IN (SELECT r.resource_id FROM policy_resource r WHERE lower(r.resource) GLOB lower(:resource)))
GROUP BY principal_kind, principal_id, address, port, protocol, connector_id, connector, verdict, reason, qualifiers
ORDER BY flows DESC, principal, address, port, protocol, connector, verdict, reason, qualifiers
