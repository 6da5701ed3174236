/* ---
id: verdicts
title: Verdicts
question: How does what happened compare with what the policy in force says?
empty: There are no flows in the period.
columns:
  verdict: {label: Verdict, kind: verdict}
  reason: {label: Reason}
  qualifiers: {label: Qualifiers}
  flows: {label: Connections, kind: integer}
  share: {label: Share, kind: share}
  principals: {label: Principals, kind: integer}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
status: stable
--- */
WITH classes AS (
    SELECT coalesce(verdict, 'not judged') AS verdict, reason, qualifiers, sum(flows) AS flows,
        count(DISTINCT principal_kind || ' ' || principal_id) AS principals, min(first_at) AS first_at, max(last_at) AS last_at
    FROM access
    WHERE hour_at >= :since AND hour_at < :until
    GROUP BY coalesce(verdict, 'not judged'), reason, qualifiers
)
SELECT verdict, reason, qualifiers, flows, 1.0 * flows / sum(flows) OVER () AS share, principals, first_at, last_at
FROM classes
ORDER BY CASE verdict WHEN 'over-permitted' THEN 0 WHEN 'misrouted' THEN 1 WHEN 'over-blocked' THEN 2 WHEN 'not judged' THEN 3
    WHEN 'unverifiable' THEN 4 WHEN 'blocked' THEN 5 ELSE 6 END, flows DESC, reason, qualifiers
