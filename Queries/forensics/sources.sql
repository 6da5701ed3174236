/* ---
id: sources
title: Sources
question: From which files does all of this come?
description: >
  One row a file, with its digest and what was read from it.
columns:
  digest: {label: SHA-256, kind: digest}
examples:
  - twin-audit query run sources --format csv
status: stable
--- */
SELECT source_id, kind, format, compression, path, digest, size, events, noise, quarantined, duplicates, other, frames, first_at,
    last_at, refusal
FROM source
WHERE coalesce(last_at, :since) >= :since AND coalesce(first_at, :since) < :until
ORDER BY path, source_id
