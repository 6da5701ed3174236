/* ---
id: policy.ambiguous
title: Two Resources fit a destination equally well
severity: low
question: Where does policy leave open which Resource, and so which rules, apply?
description: >
  The product picks one of the equally specific Resources arbitrarily, so nobody can say beforehand which rules a connection meets.
  Make one definition more specific, or join the two.
precisely: >
  The qualifiers of a verdict contain `ambiguous`. One finding for each destination address and the Resource that was selected.
witness: connector
needs: [verdicts]
subject: [address, expected_resource_id]
explanation: >-
  {address} matches several Resources equally well; {selected} was assumed; flows: {count}, principals: {principals}
parameters: {}
false_positives: []
attack: []
controls: ["ISO 27001:2022 A.5.15", "NIST SP 800-53 AC-3"]
status: stable
--- */
SELECT address, expected_resource_id, expected_resource_id AS resource,
    coalesce('Resource ' || expected_resource_id, 'no Resource') AS selected,
    count(DISTINCT principal_kind || ' ' || principal_id) AS principals,
    min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM access
WHERE ';' || qualifiers || ';' LIKE '%;ambiguous;%' AND hour_at >= :since AND hour_at < :until
GROUP BY address, expected_resource_id
