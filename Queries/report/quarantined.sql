/* ---
id: quarantined
title: Lines that could not be read
question: What was set aside, and why?
empty: Every line of the sources could be read.
columns:
  reason: {label: Reason}
  path: {label: File}
  lines: {label: Lines, kind: integer}
  first_line: {label: First such line, kind: integer}
  detail: {label: Detail}
status: stable
--- */
SELECT q.reason, q.path, count(*) AS lines, min(q.line) AS first_line, min(q.detail) AS detail
FROM quarantine q
JOIN source s ON s.source_id = q.source_id
WHERE coalesce(s.last_at, :since) >= :since AND coalesce(s.first_at, :since) < :until
GROUP BY q.reason, q.path
ORDER BY lines DESC, q.path, q.reason
