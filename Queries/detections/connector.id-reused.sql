/* ---
id: connector.id-reused
title: One connection id for two connections
severity: high
question: Which records claim the id of another connection?
description: >
  A Connector gives every connection an id of its own. The same id of the same Connector for another person, device, Resource or time means
  that a counter began again, that two Connectors run with one identity, or that a record was made up. Both are kept as flows of their own.
precisely: >
  Two flows of one connector id and one connection id that differ in principal, device, Resource or destination, of which one was refused and
  the other was not, or whose times do not belong together: view `reused_id`.
witness: connector
needs: [flows]
subject: [connector_id, connection_id, other_principal_id]
explanation: >-
  Connection id {connection_id} of Connector {connector} stands for {principal} to {target}, and for {other_principal} to {other_target}; they
  differ in {differences}
parameters: {}
false_positives:
  - A Connector of a version that counts its connections from one after a restart.
attack: [T1070, T1565.001]
controls: ["ISO 27001:2022 A.8.15", "NIST SP 800-53 AU-9", "NIST SP 800-53 IA-3"]
status: stable
--- */
SELECT coalesce(connector_id, '') AS connector_id, coalesce(connector, connector_id, 'of no name') AS connector, connection_id,
    coalesce(principal, principal_id, 'nobody named') AS principal, principal_id, coalesce(address, resource_id, 'nowhere named') AS target,
    coalesce(other_principal, other_principal_id, 'nobody named') AS other_principal,
    coalesce(other_principal_id, '') AS other_principal_id, coalesce(other_address, other_resource_id, 'nowhere named') AS other_target,
    resource_id AS resource, replace(differs, ';', ', ') AS differences,
    min(started_at, min(other_started_at)) AS first_seen, max(started_at, max(other_started_at)) AS last_seen, count(*) AS count,
    json_array(CAST(flow_id AS INTEGER), CAST(min(other_flow_id) AS INTEGER)) AS flow_ids
FROM reused_id
WHERE (started_at >= :since AND started_at < :until) OR (other_started_at >= :since AND other_started_at < :until)
GROUP BY connector_id, connection_id, other_principal_id
