/* ---
id: blocked-names
title: Names that DNS filtering blocked
question: Which names were asked for and blocked, from which devices?
description: >
  One row for each name and device.
examples:
  - twin-audit query run blocked-names --since 7d
status: stable
--- */
SELECT domain, coalesce(device, device_id) AS device, count(*) AS queries, min(at) AS first_at, max(at) AS last_at,
    max(reasons) AS reasons
FROM name_query
WHERE status = 'blocked' AND at >= :since AND at < :until
GROUP BY domain, coalesce(device, device_id)
ORDER BY queries DESC, domain
