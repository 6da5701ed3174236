/* ---
id: quarantine
title: Quarantine by reason
question: Which lines could not be read, and why?
description: >
  One row for each source and reason, with the first such line. Files that are in the period by their other lines.
examples:
  - twin-audit query run quarantine
status: stable
--- */
SELECT q.reason, q.path, count(*) AS lines, min(q.line) AS first_line, min(q.offset) AS first_offset, min(q.detail) AS detail
FROM quarantine q
JOIN source s ON s.source_id = q.source_id
WHERE coalesce(s.last_at, :since) >= :since AND coalesce(s.first_at, :since) < :until
GROUP BY q.reason, q.path
ORDER BY lines DESC, q.path, q.reason
