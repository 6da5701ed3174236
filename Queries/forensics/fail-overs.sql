/* ---
id: fail-overs
title: Fail-overs
question: Which sessions moved from one Connector to another?
description: >
  Sessions (flows of one principal, device and Resource with pauses below ten minutes) that used more than one Connector.
parameters:
  user: {type: text, description: 'E-mail or name, with * and ? as wildcards, or id.'}
examples:
  - twin-audit query run fail-overs --since 24h
status: stable
--- */
SELECT session_id, coalesce(principal, principal_id) AS principal, device_id, resource_id, addresses, connectors, connector_changes,
    flows, failures, started_at, ended_at
FROM session
WHERE connector_changes > 0 AND started_at >= :since AND started_at < :until AND (:user IS NULL OR principal_id = :user
    OR lower(principal) GLOB lower(:user))
ORDER BY started_at, session_id
