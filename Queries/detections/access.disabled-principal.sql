/* ---
id: access.disabled-principal
title: Access after a user was disabled or a key revoked
severity: critical
question: Who was carried although policy had already shut them out?
description: >
  Leavers and stolen keys: the account or key was shut off and still opened connections.
precisely: >
  The reason is `principal-disabled`, `key-revoked` or `key-expired`, and the flow was carried (allowed or failed). Not while a change may
  still be on its way: with the qualifier `stale`, or with `stale-late` when all flows of the hour began within `identity_sync`
  after the policy in force took effect.
witness: connector
needs: [verdicts]
subject: [principal_kind, principal_id, reason]
explanation: >-
  {principal} was carried after being shut out ({reason}), to {targets} destinations, among them {address}; flows: {count}
parameters:
  identity_sync: {type: duration, default: 3600s, description: How long an identity provider's change may take to arrive.}
false_positives:
  - An identity provider that synchronises more slowly than the parameter says.
attack: [T1078]
controls: ["ISO 27001:2022 A.5.18", "NIST SP 800-53 AC-2(3)", "NIST SP 800-53 PS-4", "SOC 2 CC6.2"]
status: stable
--- */
SELECT principal_kind, principal_id, coalesce(max(principal), principal_id) AS principal, reason,
    min(address) AS address, count(DISTINCT coalesce(resource_id, address)) AS targets,
    CASE WHEN count(DISTINCT coalesce(resource_id, address)) = 1 THEN max(coalesce(resource_id, address)) END AS resource,
    CASE WHEN count(DISTINCT connector_id) = 1 THEN max(connector) END AS connector,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM access
WHERE reason IN ('principal-disabled', 'key-revoked', 'key-expired') AND outcome IN ('allowed', 'failed')
    AND hour_at >= :since AND hour_at < :until
    AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale;%'
    AND NOT (
        ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale-late;%'
        AND EXISTS (
            SELECT 1 FROM policy_snapshot s
            WHERE s.version = access.policy_version AND access.last_at <= s.effective_at + :identity_sync))
GROUP BY principal_kind, principal_id, reason
