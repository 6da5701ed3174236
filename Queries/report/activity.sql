/* ---
id: activity
title: Over time
question: When did it happen?
empty: There are no flows in the period.
shape: bars
shown: 1000
columns:
  at: {label: Time, kind: time}
  enforced: {label: As policy says, kind: integer}
  blocked: {label: Rightly refused, kind: integer}
  violations: {label: Against policy, kind: integer}
  unverifiable: {label: Not judged, kind: integer}
status: stable
--- */
WITH span AS (
    SELECT CASE WHEN max(hour_at) - min(hour_at) > 259200000 THEN 86400000 ELSE 3600000 END AS bucket
    FROM access
    WHERE hour_at >= :since AND hour_at < :until
)
SELECT hour_at / bucket * bucket AS at, sum(CASE verdict WHEN 'enforced' THEN flows ELSE 0 END) AS enforced,
    sum(CASE verdict WHEN 'blocked' THEN flows ELSE 0 END) AS blocked,
    sum(CASE WHEN verdict IN ('over-permitted', 'misrouted', 'over-blocked') THEN flows ELSE 0 END) AS violations,
    sum(CASE WHEN coalesce(verdict, 'unverifiable') = 'unverifiable' THEN flows ELSE 0 END) AS unverifiable
FROM access, span
WHERE hour_at >= :since AND hour_at < :until
GROUP BY hour_at / bucket * bucket
ORDER BY at
