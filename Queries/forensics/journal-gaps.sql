/* ---
id: journal-gaps
title: Gaps in journals
question: Where do the sequences of journals skip?
description: >
  One row for each hole between frames, with the frame that follows it.
examples:
  - twin-audit query run journal-gaps
status: stable
--- */
WITH ordered AS (
    SELECT f.*, coalesce(max(f.first_sequence + f.records) OVER (
        PARTITION BY f.journal ORDER BY f.first_sequence, f.source_id, f.frame ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 1)
        AS expected
    FROM journal_frame f
    WHERE f.journal IS NOT NULL AND f.first_sequence > 0
)
SELECT o.journal, o.expected AS missing_from, o.first_sequence - 1 AS missing_to, o.first_sequence - o.expected AS records, o.path,
    o.frame, s.first_at AS segment_first_at
FROM ordered o
JOIN source s ON s.source_id = o.source_id
WHERE o.first_sequence > o.expected AND coalesce(s.last_at, 0) >= :since AND coalesce(s.first_at, 0) < :until
ORDER BY o.journal, o.first_sequence
