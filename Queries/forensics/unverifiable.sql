/* ---
id: unverifiable
title: Flows that nobody can judge
question: Which flows have no verdict, and why?
description: >
  Flows before the first policy, under a policy that does not say enough, or that were never judged, by day and source of the doubt.
examples:
  - twin-audit query run unverifiable
status: stable
--- */
SELECT hour_at / 86400000 * 86400000 AS day_at, coalesce(verdict, 'not judged') AS verdict, reason, policy_version,
    sum(flows) AS flows, count(DISTINCT principal_kind || ' ' || principal_id) AS principals, min(first_at) AS first_at,
    max(last_at) AS last_at
FROM access
WHERE (verdict IS NULL OR verdict = 'unverifiable') AND hour_at >= :since AND hour_at < :until
GROUP BY hour_at / 86400000, verdict, reason, policy_version
ORDER BY day_at, flows DESC
