/* ---
id: access.infrastructure-target
title: A connection to the access system's own hosts
severity: high
question: Who reached a Connector or a relay through a Connector?
description: >
  The hosts of the access system are no Resources. Who reaches a Connector's own address stands behind the place where policy is
  enforced.
precisely: >
  A carried flow whose `resource_ip` is an address of a Connector in the policy in force at its start, or of a relay that any flow of
  the period names. One finding for each principal and address.
witness: connector
needs: [flows]
subject: [principal_kind, principal_id, resource_ip]
explanation: "{principal} reached {resource_ip} (asked for {address}), which is {what}; flows: {count}"
parameters: {}
false_positives:
  - A Resource for the administration of Connector hosts, by intent.
attack: [T1021, T1562]
controls: ["ISO 27001:2022 A.8.22", "NIST SP 800-53 SC-7", "NIST SP 800-53 SC-3"]
status: stable
--- */
WITH own_address (ip, what, effective_at, superseded_at) AS MATERIALIZED (
    SELECT a.value, 'an address of Connector ' || coalesce(c.value ->> '$.name', c.value ->> '$.id'), s.effective_at,
        s.superseded_at
    FROM policy_snapshot s, json_each(s.document, '$.connectors') c, json_each(c.value, '$.addresses') a
    UNION
    SELECT r.value ->> '$.ip', 'a relay', NULL, NULL
    FROM (SELECT DISTINCT relay FROM access_detail WHERE relay <> '[]' AND hour_at >= :since AND hour_at < :until) f,
        json_each(f.relay) r
    WHERE r.value ->> '$.ip' IS NOT NULL
-- Counted flows tell at once which of these addresses were reached, if any.
), reached AS MATERIALIZED (
    SELECT resource_ip AS ip, min(first_flow) AS first_flow, max(last_flow) AS last_flow FROM access_detail
    WHERE outcome IN ('allowed', 'failed') AND hour_at >= :since AND hour_at < :until
        AND resource_ip IN (SELECT ip FROM own_address)
    GROUP BY resource_ip
)
SELECT f.principal_kind, f.principal_id, coalesce(max(f.principal), f.principal_id) AS principal, f.resource_ip,
    f.resource_ip AS resource, min(f.address) AS address, min(o.what) AS what, max(f.connector) AS connector,
    min(f.started_at) AS first_seen, max(f.started_at) AS last_seen, count(DISTINCT f.flow_id) AS count,
    json_group_array(f.flow_id) AS flow_ids
FROM flow f
JOIN own_address o ON o.ip = f.resource_ip
WHERE f.outcome IN ('allowed', 'failed') AND f.started_at >= :since AND f.started_at < :until
    AND f.flow_id BETWEEN (SELECT min(first_flow) FROM reached) AND (SELECT max(last_flow) FROM reached)
    AND f.resource_ip IN (SELECT ip FROM reached)
    AND (o.effective_at IS NULL OR o.effective_at <= f.started_at)
    AND (o.superseded_at IS NULL OR f.started_at < o.superseded_at)
GROUP BY f.principal_kind, f.principal_id, f.resource_ip
