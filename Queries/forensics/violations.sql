/* ---
id: violations
title: Flows against policy
question: Which flows were not what the policy in force says?
description: >
  One row a flow that was over-permitted, over-blocked or misrouted, or that outlived its permission, with the record that proves it.
  What a change on its way to the Connector explains is no violation.
parameters:
  user: {type: text, description: 'E-mail or name, with * and ? as wildcards, or id.'}
  resource: {type: text, description: 'Resource id, name in the policy or address, with * and ? as wildcards.'}
  connector: {type: text, description: 'Connector name, with * and ? as wildcards, or id.'}
examples:
  - twin-audit query run violations --since 2026-10-08 --format ndjson
status: stable
--- */
SELECT f.flow_id, f.started_at, coalesce(f.principal, f.principal_id) AS principal, f.device_id, f.client_ip, f.address, f.port,
    f.protocol,
    f.resource_id, f.expected_resource_id, f.connector, f.network, f.outcome, f.violation, f.verdict, f.reason, f.qualifiers,
    f.policy_version,
    s.path, (SELECT max(j.frame) FROM journal_frame j WHERE j.source_id = f.source_id AND j.inflated_offset <= f.source_offset)
    AS frame, f.source_line AS line
FROM flow f
JOIN source s ON s.source_id = f.source_id
WHERE f.violation IS NOT NULL
    AND f.started_at >= :since AND f.started_at < :until AND (:user IS NULL OR f.principal_id = :user
        OR lower(f.principal) GLOB lower(:user))
    AND (:resource IS NULL OR f.resource_id = :resource OR lower(f.address) GLOB lower(:resource)
        OR f.resource_id IN (SELECT r.resource_id FROM policy_resource r WHERE lower(r.resource) GLOB lower(:resource)))
    AND (:connector IS NULL OR f.connector_id = :connector OR lower(f.connector) GLOB lower(:connector))
ORDER BY f.started_at, f.flow_id
