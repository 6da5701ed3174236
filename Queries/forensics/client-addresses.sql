/* ---
id: client-addresses
title: From which addresses
question: From which client addresses and devices was a user, or a Resource, reached?
description: >
  One row for each client address and device.
parameters:
  user: {type: text, description: 'E-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: 'Resource id, name in the policy or address, with * and ? as wildcards.'}
columns:
  client_ip: {label: Client address, kind: text}
examples:
  - twin-audit query run client-addresses --param user=ann@example.com
  - twin-audit query run client-addresses --param resource=7201 --since yesterday
status: stable
--- */
SELECT client_ip, device_id, count(DISTINCT principal_kind || ' ' || principal_id) AS principals,
    CASE WHEN count(DISTINCT principal_id) = 1 THEN max(principal) END AS principal, sum(flows) AS flows,
    min(first_at) AS first_at, max(last_at) AS last_at
FROM access
WHERE hour_at >= :since AND hour_at < :until AND (:user IS NULL OR principal_id = :user OR lower(principal) GLOB lower(:user))
    AND (:resource IS NULL OR resource_id = :resource OR lower(address) GLOB lower(:resource)
        OR resource_id IN (SELECT r.resource_id FROM policy_resource r WHERE lower(r.resource) GLOB lower(:resource)))
GROUP BY client_ip, device_id
ORDER BY last_at DESC, client_ip
