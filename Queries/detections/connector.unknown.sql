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
WITH complete_policy AS MATERIALIZED (
    SELECT s.version, s.effective_at
    FROM policy_snapshot s
    WHERE NOT EXISTS (SELECT 1 FROM json_each(s.document, '$.incomplete') i WHERE i.value = 'connectors')
), missing AS MATERIALIZED (
    SELECT 'connector' AS problem, policy_version, connector_id AS id FROM (
        SELECT DISTINCT policy_version, connector_id FROM access
        WHERE policy_version IS NOT NULL AND connector_id IS NOT NULL AND hour_at >= :since AND hour_at < :until)
    EXCEPT
    SELECT 'connector', policy_version, connector_id FROM policy_connector
    UNION ALL
    SELECT * FROM (
        SELECT 'network' AS problem, policy_version, network_id AS id FROM (
            SELECT DISTINCT policy_version, network_id FROM access
            WHERE policy_version IS NOT NULL AND network_id IS NOT NULL AND hour_at >= :since AND hour_at < :until)
        EXCEPT
        SELECT 'network', policy_version, network_id FROM policy_network)
), unknown AS MATERIALIZED (
    SELECT m.problem, m.policy_version, m.id, s.effective_at,
        EXISTS (
            SELECT 1 FROM policy_connector before
            WHERE m.problem = 'connector' AND before.connector_id = m.id AND before.superseded_at = s.effective_at)
        OR EXISTS (
            SELECT 1 FROM policy_network before
            WHERE m.problem = 'network' AND before.network_id = m.id AND before.superseded_at = s.effective_at) AS just_removed
    FROM missing m
    JOIN complete_policy s ON s.version = m.policy_version
), strangers AS (
    SELECT u.problem, CASE u.problem WHEN 'connector' THEN u.id END AS connector_id, CASE u.problem WHEN 'network'
        THEN u.id END AS network_id,
        CASE u.problem WHEN 'connector' THEN 'Connector ' || coalesce(a.connector || ' (' || u.id || ')', u.id)
            ELSE 'Remote network ' || coalesce(a.network || ' (' || u.id || ')', u.id) END AS what,
        a.policy_version, a.principal_kind, a.principal_id, a.connector, a.first_at, a.last_at, a.flows, a.first_flow
    FROM access a
    JOIN unknown u ON u.policy_version = a.policy_version AND u.id = CASE u.problem WHEN 'connector'
        THEN a.connector_id ELSE a.network_id END
    WHERE a.hour_at >= :since AND a.hour_at < :until AND EXISTS (SELECT 1 FROM unknown) AND NOT (u.just_removed AND a.last_at <= u.effective_at + :propagation)
)
SELECT problem, connector_id, network_id, min(what) AS what, max(policy_version) AS policy_version, max(connector) AS connector,
    count(DISTINCT principal_kind || ' ' || principal_id) AS principals,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM strangers
GROUP BY problem, connector_id, network_id
