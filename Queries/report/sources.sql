/* ---
id: sources
title: Sources
question: From which files does all of this come?
empty: No file has records in the period.
shown: 200
columns:
  path: {label: File}
  format: {label: Format}
  events: {label: Events, kind: integer}
  quarantined: {label: Quarantined, kind: integer}
  noise: {label: Other lines, kind: integer}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
  digest: {label: SHA-256, kind: digest}
  complete: {label: Complete}
status: stable
--- */
SELECT path, kind || ', ' || format || CASE WHEN compression IN ('', 'none') THEN '' ELSE ', ' || compression END AS format,
    events, quarantined,
    noise, first_at, last_at, digest, CASE complete WHEN 0 THEN 'no' ELSE 'yes' END AS complete
FROM source
WHERE coalesce(last_at, :since) >= :since AND coalesce(first_at, :since) < :until
ORDER BY path, source_id
