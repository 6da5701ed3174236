/* ---
id: sessions
title: Sessions
question: When did a user work with what, in sessions?
description: >
  Flows of one principal, device and Resource with pauses below ten minutes are one session.
parameters:
  user: {type: text, description: 'E-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: Resource id.}
examples:
  - twin-audit query run sessions --param user=ann@example.com --since yesterday
status: stable
--- */
SELECT session_id, started_at, ended_at, ended_at - started_at AS duration_ms, coalesce(principal, principal_id) AS principal,
    device_id,
    client_ips, resource_id, addresses, connectors, paths, flows, failures, bytes_received, bytes_transferred, verdicts
FROM session
WHERE started_at >= :since AND started_at < :until AND (:user IS NULL OR principal_id = :user
    OR lower(principal) GLOB lower(:user)) AND (:resource IS NULL OR resource_id = :resource)
ORDER BY started_at, session_id
