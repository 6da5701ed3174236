/* ---
id: findings
title: Findings
question: What did the last run of the detections find?
description: >
  One row for each stored finding, the worst first.
parameters:
  rule: {type: text, description: 'Rule id, with * and ? as wildcards.'}
examples:
  - twin-audit query run findings --param rule='tunnel.*'
status: stable
--- */
SELECT severity, rule_id, status, count, first_seen, last_seen, principal, resource, connector, explanation, suppressed_by,
    finding_id,
    evidence
FROM finding
WHERE (:rule IS NULL OR rule_id GLOB :rule) AND coalesce(last_seen, 0) >= :since AND coalesce(first_seen, 0) < :until
ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END, rule_id,
    last_seen DESC
