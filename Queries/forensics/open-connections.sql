/* ---
id: open-connections
title: Connections without an end
question: Which connections are still open, as far as is known?
description: >
  Allowed flows without an end: open at the time of ingest, or never reported closed. The oldest first.
parameters:
  user: {type: text, description: 'E-mail or name, with * and ? as wildcards, or id.'}
  limit: {type: integer, default: 100, description: Rows at most.}
examples:
  - twin-audit query run open-connections --param user='*@example.com'
status: stable
--- */
SELECT flow_id, coalesce(principal, principal_id) AS principal, device_id, client_ip, address, port, resource_id, connector,
    started_at,
    verdict, policy_version
FROM flow
WHERE ended_at IS NULL AND outcome = 'allowed' AND started_at >= :since AND started_at < :until AND (:user IS NULL
    OR principal_id = :user OR lower(principal) GLOB lower(:user))
ORDER BY started_at, flow_id
LIMIT :limit
