/* ---
id: access.unused-grant
title: A grant that nobody uses
severity: info
question: Which grants could be taken away without anybody noticing?
description: >
  Least privilege: what is granted and not used is only of use to an intruder. The blast radius is the number of principals who could
  use the grant.
precisely: >
  An edge of a group or service account to a Resource that is in the policy in force at the end of the data and in every snapshot in
  force during the `idle` before, where no member was carried to that Resource in that time. Nothing fires while the data covers less
  than `idle`.
witness: connector
needs: [flows, policies]
subject: [resource_id, group_id, service_account_id]
explanation: >-
  {holder} may reach Resource {resource_id} ({resource_name}) and did not use it for {idle}; principals who could: {principals}
parameters:
  idle: {type: duration, default: 30d, description: How long a grant must be without use.}
false_positives:
  - Access for emergencies.
attack: []
controls: ["ISO 27001:2022 A.5.18", "NIST SP 800-53 AC-6(7)", "SOC 2 CC6.3"]
status: stable
--- */
WITH data AS (
    SELECT min(first_at) AS from_at, max(last_at) AS to_at FROM access WHERE hour_at < :until
), current AS (
    SELECT s.version, d.to_at - :idle AS idle_at
    FROM data d JOIN policy_snapshot s ON s.effective_at <= d.to_at AND (s.superseded_at IS NULL OR s.superseded_at > d.to_at)
    WHERE d.from_at <= d.to_at - :idle
), spanning AS (
    SELECT count(*) AS snapshots, min(s.effective_at) AS from_at
    FROM policy_snapshot s, current c, data d
    WHERE s.effective_at <= d.to_at AND (s.superseded_at IS NULL OR s.superseded_at > c.idle_at)
), lasting AS (
    SELECT g.resource_id, g.group_id, g.service_account_id
    FROM policy_grant g, current c, data d
    WHERE g.effective_at <= d.to_at AND (g.superseded_at IS NULL OR g.superseded_at > c.idle_at)
    GROUP BY g.resource_id, g.group_id, g.service_account_id
    HAVING count(DISTINCT g.policy_version) = (SELECT snapshots FROM spanning) AND (SELECT from_at FROM spanning) <= max(c.idle_at)
), holders AS (
    SELECT l.resource_id, l.group_id, l.service_account_id, 'user' AS principal_kind, m.user_id AS principal_id, m."group" AS name
    FROM lasting l, current c
    JOIN policy_member m ON m.policy_version = c.version AND m.group_id = l.group_id
    UNION ALL
    SELECT l.resource_id, l.group_id, l.service_account_id, 'service_account', l.service_account_id, l.service_account_id
    FROM lasting l
    WHERE l.service_account_id IS NOT NULL
), uses AS (
    SELECT DISTINCT a.principal_kind, a.principal_id, a.resource_id
    FROM access a, current c
    WHERE a.outcome IN ('allowed', 'failed') AND a.last_at > c.idle_at AND a.hour_at < :until
), edges AS (
    SELECT h.resource_id, h.group_id, h.service_account_id, max(h.name) AS name, count(DISTINCT h.principal_id) AS principals,
        count(u.principal_id) AS used
    FROM holders h
    LEFT JOIN uses u ON u.principal_kind = h.principal_kind AND u.principal_id = h.principal_id AND u.resource_id = h.resource_id
    GROUP BY h.resource_id, h.group_id, h.service_account_id
)
SELECT e.resource_id, e.resource_id AS resource, r.resource AS resource_name, e.group_id, e.service_account_id,
    CASE WHEN e.group_id IS NULL THEN 'service account ' ELSE 'group ' END || e.name AS holder, e.principals,
    d.to_at - :idle AS first_seen, d.to_at AS last_seen, 1 AS count
FROM edges e, data d, current c
LEFT JOIN policy_resource r ON r.policy_version = c.version AND r.resource_id = e.resource_id
WHERE e.used = 0 AND d.to_at >= :since
