/* ---
id: unknown-fields
title: Fields nobody asked for
question: What do the sources carry that this program does not know?
description: >
  One row for each source and field, with an example; nothing of it is lost, and none of it is used.
examples:
  - twin-audit query run unknown-fields
status: stable
--- */
SELECT s.path, s.format, e.key AS field, count(*) AS records, min(u.line) AS first_line, min(e.value) AS example
FROM unknown_field u
JOIN source s ON s.source_id = u.source_id
JOIN json_each(u.fields) e
WHERE coalesce(s.last_at, :since) >= :since AND coalesce(s.first_at, :since) < :until
GROUP BY s.path, s.format, e.key
ORDER BY records DESC, s.path, field
