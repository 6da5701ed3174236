/* ---
id: journal.gap
title: Records are missing from a journal
severity: high
question: Where do the sequences of a journal skip?
description: >
  Sequences of a journal neither repeat nor skip. A hole means that a frame or a whole segment was lost, withheld or not ingested; what
  happened in it is unknown.
precisely: >
  Of the frames of one journal in the order of their sequences, one begins later than one after the last record of all frames before it;
  or the first frame does not begin with sequence 1.
witness: journal
needs: [journals]
subject: [journal, missing_from]
explanation: "{journal} lacks the records {missing_from} to {missing_to} before {path}, frame {frame}"
parameters: {}
false_positives:
  - Old segments that were deleted or archived on purpose.
attack: [T1070, T1562]
controls: ["ISO 27001:2022 A.8.15", "NIST SP 800-53 AU-9", "NIST SP 800-53 AU-10", "SOC 2 CC7.2"]
status: stable
--- */
WITH ordered AS (
    SELECT f.*, coalesce(max(f.first_sequence + f.records) OVER (
        PARTITION BY f.journal ORDER BY f.first_sequence, f.source_id, f.frame ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 1)
        AS expected
    FROM journal_frame f
    WHERE f.journal IS NOT NULL AND f.first_sequence > 0
)
SELECT o.journal, o.path, o.frame, o.expected AS missing_from, o.first_sequence - 1 AS missing_to,
    o.first_sequence - o.expected AS count, s.first_at AS first_seen, s.first_at AS last_seen,
    json_array(o.source_id, o.inflated_offset, o.first_sequence - s.first_sequence + 1) AS records
FROM ordered o
JOIN source s ON s.source_id = o.source_id
WHERE o.first_sequence > o.expected AND coalesce(s.last_at, 0) >= :since AND coalesce(s.first_at, 0) < :until
