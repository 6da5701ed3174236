/* ---
id: denied
title: Refused attempts
question: Who was refused what?
empty: Nobody was refused anything in the period.
shown: 25
columns:
  principal: {label: Who}
  destination: {label: Destination}
  connector: {label: Connector}
  verdict: {label: Verdict, kind: verdict}
  reason: {label: Reason}
  qualifiers: {label: Qualifiers}
  flows: {label: Attempts, kind: integer}
  first_at: {label: First, kind: time}
  last_at: {label: Last, kind: time}
  flow_ids: {label: Evidence, kind: flows}
status: stable
--- */
SELECT coalesce(max(principal), principal_id) AS principal,
    address || coalesce(':' || port, '') || coalesce('/' || protocol, '') AS destination, coalesce(connector, connector_id) AS connector,
    coalesce(verdict, 'not judged') AS verdict, reason, qualifiers, sum(flows) AS flows, min(first_at) AS first_at,
        max(last_at) AS last_at,
    json_array(min(first_flow), max(last_flow)) AS flow_ids
FROM access
WHERE outcome = 'denied' AND hour_at >= :since AND hour_at < :until
GROUP BY principal_kind, principal_id, address, port, protocol, connector_id, coalesce(connector, connector_id), verdict, reason,
    qualifiers
ORDER BY flows DESC, principal_kind, principal_id, address, port, protocol, connector, verdict, reason, qualifiers
