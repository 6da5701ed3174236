/* ---
id: gaps
title: Gaps in journals
question: Which records of journals are missing?
empty: No sequence of a journal skips in the period.
columns:
  journal: {label: Journal}
  missing_from: {label: First missing record, kind: integer}
  missing_to: {label: Last missing record, kind: integer}
  records: {label: Records, kind: integer}
  path: {label: Before}
  frame: {label: Frame, kind: integer}
status: stable
--- */
WITH ordered AS (
    SELECT f.*, coalesce(max(f.first_sequence + f.records) OVER (
        PARTITION BY f.journal ORDER BY f.first_sequence, f.source_id, f.frame ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 1)
        AS expected
    FROM journal_frame f
    WHERE f.journal IS NOT NULL AND f.first_sequence > 0
)
SELECT o.journal, o.expected AS missing_from, o.first_sequence - 1 AS missing_to, o.first_sequence - o.expected AS records,
    o.path, o.frame
FROM ordered o
JOIN source s ON s.source_id = o.source_id
WHERE o.first_sequence > o.expected AND coalesce(s.last_at, 0) >= :since AND coalesce(s.first_at, 0) < :until
ORDER BY o.journal, o.first_sequence
