/* ---
id: tunnel.wrong-network
title: Traffic for a Resource of another Remote network
severity: high
question: Which Connectors carried traffic into, or say that they stand in, a network that is not theirs?
description: >
  A Connector opens one Remote network. When it carries a connection for a Resource of another one, networks that policy keeps apart are
  joined; when its records name another network than policy does, records and policy describe two different places.
precisely: >
  Resource: the reason is `wrong-network` and the flow was carried (allowed or failed), without the qualifier `stale`.
  Connector: the network that the record names differs from the network that the policy in force gives the Connector, and the previous
  snapshot does not give it that network, or its last such flow began later than `propagation` after the change.
witness: connector
needs: [verdicts]
subject: [problem, principal_kind, principal_id, destination, connector_id, network_id]
explanation: "{subject_text}{what}; flows: {count}"
parameters:
  propagation: {type: duration, default: 300s, description: How long a change may take to reach a Connector.}
false_positives:
  - A Resource or Connector that has just moved to another network.
attack: [T1599, T1021]
controls: ["ISO 27001:2022 A.8.22", "NIST SP 800-53 SC-7", "NIST SP 800-53 AC-4"]
status: stable
--- */
WITH carried AS (
    SELECT 'resource' AS problem, principal_kind, principal_id, principal, coalesce(expected_resource_id, resource_id, address)
        AS destination, address, connector_id, connector, network_id, network, first_at, last_at, flows, first_flow,
        coalesce(principal, principal_id) || ' reached ' || address || ' through Connector ' || coalesce(connector, connector_id)
            || ' of network ' || coalesce(network, network_id, 'unknown') AS subject_text,
        ', and Resource ' || coalesce(expected_resource_id, resource_id, 'unknown') || ' belongs to another network' AS what
    FROM access
    WHERE reason = 'wrong-network' AND outcome IN ('allowed', 'failed') AND hour_at >= :since AND hour_at < :until
        AND NOT ';' || coalesce(qualifiers, '') || ';' LIKE '%;stale;%'
), elsewhere AS MATERIALIZED (
    SELECT DISTINCT policy_version, connector_id, network_id FROM access
    WHERE policy_version IS NOT NULL AND connector_id IS NOT NULL AND network_id IS NOT NULL
        AND hour_at >= :since AND hour_at < :until
    EXCEPT
    SELECT policy_version, connector_id, network_id FROM policy_connector
), misplaced AS MATERIALIZED (
    SELECT e.policy_version, e.connector_id, e.network_id, p.network_id AS own_network_id, p.effective_at,
        EXISTS (
            SELECT 1 FROM policy_connector before
            WHERE before.connector_id = e.connector_id AND before.network_id = e.network_id
                AND before.superseded_at = p.effective_at) AS just_moved
    FROM elsewhere e
    JOIN policy_connector p ON p.policy_version = e.policy_version AND p.connector_id = e.connector_id
), displaced AS (
    SELECT 'connector' AS problem, NULL AS principal_kind, NULL AS principal_id, NULL AS principal, NULL AS destination, a.address,
        a.connector_id, a.connector, a.network_id, a.network, a.first_at, a.last_at, a.flows, a.first_flow,
        'Connector ' || coalesce(a.connector, a.connector_id) || ' names network ' || coalesce(a.network, a.network_id)
            AS subject_text,
        ', and the policy in force puts it into network ' || m.own_network_id AS what
    FROM access a
    JOIN misplaced m ON m.policy_version = a.policy_version AND m.connector_id = a.connector_id AND m.network_id = a.network_id
    WHERE a.hour_at >= :since AND a.hour_at < :until AND EXISTS (SELECT 1 FROM misplaced)
        AND NOT (m.just_moved AND a.last_at <= m.effective_at + :propagation)
)
SELECT problem, principal_kind, principal_id, max(principal) AS principal, destination, destination AS resource, connector_id,
    coalesce(max(connector), connector_id) AS connector, network_id, min(subject_text) AS subject_text, min(what) AS what,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM (SELECT * FROM carried UNION ALL SELECT * FROM displaced)
GROUP BY problem, principal_kind, principal_id, destination, connector_id, network_id
