/* ---
id: connector.unknown
title: A Connector or network that policy does not know
severity: critical
question: Which Connectors or Remote networks in the records are not in the policy in force?
description: >
  A Connector that the tenant does not have carries traffic outside every control; a wrong id in its configuration looks the same.
precisely: >
  The connector id, or the network id, of a record is not in the policy in force at the flow's start. Not when the previous snapshot has
  it and all flows of the hour began within `propagation` after the change, nor when the snapshot says that its list of Connectors is
  incomplete.
witness: connector
needs: [verdicts]
subject: [problem, connector_id, network_id]
explanation: "{what} is not in policy version {policy_version}, which was in force; flows: {count}, principals: {principals}"
parameters:
  propagation: {type: duration, default: 300s, description: How long a change may take to reach a Connector.}
false_positives:
  - A policy history that lacks the snapshot which introduced the Connector.
attack: [T1133, T1090]
controls: ["ISO 27001:2022 A.5.9", "NIST SP 800-53 CM-8", "NIST SP 800-53 IA-3"]
status: stable
--- */
WITH seen AS (
    SELECT a.*, s.effective_at
    FROM access a
    JOIN policy_snapshot s ON s.version = a.policy_version
    WHERE a.hour_at >= :since AND a.hour_at < :until
        AND NOT EXISTS (SELECT 1 FROM json_each(s.document, '$.incomplete') i WHERE i.value = 'connectors')
), strangers AS (
    SELECT 'connector' AS problem, connector_id, NULL AS network_id,
        'Connector ' || coalesce(connector || ' (' || connector_id || ')', connector_id) AS what, policy_version, principal_kind,
        principal_id, connector, first_at, last_at, flows, first_flow
    FROM seen
    WHERE connector_id IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM policy_connector p WHERE p.policy_version = seen.policy_version AND p.connector_id = seen.connector_id)
        AND NOT EXISTS (
            SELECT 1 FROM policy_connector before
            WHERE before.connector_id = seen.connector_id AND before.superseded_at = seen.effective_at
                AND seen.last_at <= seen.effective_at + :propagation)
    UNION ALL
    SELECT 'network', NULL, network_id,
        'Remote network ' || coalesce(network || ' (' || network_id || ')', network_id), policy_version, principal_kind,
        principal_id, connector, first_at, last_at, flows, first_flow
    FROM seen
    WHERE network_id IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM policy_network p WHERE p.policy_version = seen.policy_version AND p.network_id = seen.network_id)
        AND NOT EXISTS (
            SELECT 1 FROM policy_network before
            WHERE before.network_id = seen.network_id AND before.superseded_at = seen.effective_at
                AND seen.last_at <= seen.effective_at + :propagation)
)
SELECT problem, connector_id, network_id, min(what) AS what, max(policy_version) AS policy_version, max(connector) AS connector,
    count(DISTINCT principal_kind || ' ' || principal_id) AS principals,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM strangers
GROUP BY problem, connector_id, network_id
