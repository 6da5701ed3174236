/* ---
id: longest
title: Longest connections
question: Which connections stayed open longest?
description: >
  One row a flow, the longest first.
parameters:
  user: {type: text, description: 'E-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: 'Resource id, name in the policy or address, with * and ? as wildcards.'}
  limit: {type: integer, default: 50, description: Rows at most.}
columns:
  duration_ms: {label: Open for, kind: duration}
examples:
  - twin-audit query run longest --param limit=10
status: stable
--- */
SELECT flow_id, coalesce(principal, principal_id) AS principal, address, port, resource_id, connector, started_at, ended_at,
    ended_at - started_at AS duration_ms, bytes_received, bytes_transferred, close_reason, verdict, qualifiers
FROM flow
WHERE ended_at IS NOT NULL AND started_at >= :since AND started_at < :until AND (:user IS NULL OR principal_id = :user
    OR lower(principal) GLOB lower(:user))
    AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
        OR resource_id IN (SELECT r.resource_id FROM policy_resource r WHERE lower(r.resource) GLOB lower(:resource)))
ORDER BY ended_at - started_at DESC, flow_id
LIMIT :limit
