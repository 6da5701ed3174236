/* ---
id: policy-changes
title: Administrative changes
question: Who changed policy, and when?
description: >
  One row for each entry of the administrative audit log.
examples:
  - twin-audit query run policy-changes --since 30d
status: stable
--- */
SELECT c.at, c.action, c.actor_type, coalesce(c.actor, c.actor_id) AS actor, t.value ->> '$.type' AS target_type,
    t.value ->> '$.id' AS target_id, t.value ->> '$.name' AS target, s.path, c.line
FROM administrative_change c
JOIN source s ON s.source_id = c.source_id
LEFT JOIN json_each(c.targets) t
WHERE c.at >= :since AND c.at < :until
ORDER BY c.at, c.source_id, c.line
