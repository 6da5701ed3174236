/* ---
id: policies
title: Policies in force
question: Under which policies were the connections of the period judged?
empty: No policy was in force in the period; nothing could be judged.
columns:
  version: {label: Version}
  effective_at: {label: From, kind: time}
  superseded_at: {label: Until, kind: time}
  digest: {label: SHA-256 of the canonical form, kind: digest}
  flows: {label: Connections, kind: integer}
  resources: {label: Resources, kind: integer}
  users: {label: Users, kind: integer}
  connectors: {label: Connectors, kind: integer}
  incomplete: {label: Incomplete}
status: stable
--- */
WITH used AS MATERIALIZED (
    SELECT policy_version, sum(flows) AS flows FROM access WHERE hour_at >= :since AND hour_at < :until GROUP BY policy_version
)
SELECT p.version, p.effective_at, p.superseded_at, p.digest, coalesce(sum(a.flows), 0) AS flows,
    (SELECT count(*) FROM policy_resource r WHERE r.policy_version = p.version) AS resources,
    (SELECT count(*) FROM policy_user u WHERE u.policy_version = p.version) AS users,
    (SELECT count(*) FROM policy_connector c WHERE c.policy_version = p.version) AS connectors,
    (SELECT group_concat(i.value, ', ') FROM json_each(p.document, '$.incomplete') i) AS incomplete
FROM policy_snapshot p
LEFT JOIN used a ON a.policy_version = p.version
WHERE p.effective_at < :until AND (p.superseded_at IS NULL OR p.superseded_at > :since)
GROUP BY p.snapshot_id, p.version, p.effective_at, p.superseded_at, p.digest
ORDER BY p.effective_at
