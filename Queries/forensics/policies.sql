/* ---
id: policies
title: Policy versions in force
question: Which policy was in force when, and how many flows fell under it?
description: >
  One row for each snapshot whose time overlaps the period.
columns:
  digest: {label: Digest, kind: digest}
examples:
  - twin-audit query run policies
status: stable
--- */
SELECT p.version, p.effective_at, p.superseded_at, p.digest, coalesce(sum(a.flows), 0) AS flows,
    coalesce(sum(CASE a.verdict WHEN 'over-permitted' THEN a.flows ELSE 0 END), 0) AS over_permitted,
    (SELECT count(*) FROM policy_resource r WHERE r.policy_version = p.version) AS resources,
    (SELECT count(*) FROM policy_user u WHERE u.policy_version = p.version) AS users,
    (SELECT count(*) FROM policy_connector c WHERE c.policy_version = p.version) AS connectors
FROM policy_snapshot p
LEFT JOIN access a ON a.policy_version = p.version AND a.hour_at >= :since AND a.hour_at < :until
WHERE p.effective_at < :until AND (p.superseded_at IS NULL OR p.superseded_at > :since)
GROUP BY p.snapshot_id, p.version, p.effective_at, p.superseded_at, p.digest
ORDER BY p.effective_at
