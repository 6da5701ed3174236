/* ---
id: devices
title: Devices
question: Which devices does a user have, and when were they seen?
description: >
  One row for each principal and device.
parameters:
  user: {type: text, description: 'E-mail or name, with * and ? as wildcards, or id.'}
examples:
  - twin-audit query run devices --param user=ann@example.com
status: stable
--- */
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal, device_id,
    count(DISTINCT client_ip) AS client_addresses, sum(flows) AS flows, min(first_at) AS first_at, max(last_at) AS last_at
FROM access
WHERE device_id IS NOT NULL AND hour_at >= :since AND hour_at < :until AND (:user IS NULL OR principal_id = :user
    OR lower(principal) GLOB lower(:user))
GROUP BY principal_kind, principal_id, device_id
ORDER BY principal, last_at DESC
