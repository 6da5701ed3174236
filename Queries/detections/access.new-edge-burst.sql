/* ---
id: access.new-edge-burst
title: Somebody reached many Resources for the first time at once
severity: high
question: Who moved sideways - to many Resources never used before within an hour?
description: >
  After a break-in the stolen account is tried on everything that it may reach. People widen what they use slowly.
precisely: >
  At least `edges` first-ever carried (principal, Resource) pairs of one principal within `window`, where the principal's very first
  flow lies at least `settled` earlier, so that onboarding does not count.
witness: connector
needs: [flows]
subject: [principal_kind, principal_id]
explanation: "{principal} reached {edges_seen} Resources for the first time within {window}, among them {address}"
parameters:
  window: {type: duration, default: 1h, description: The stretch of time that is looked at.}
  edges: {type: integer, default: 5, description: First-ever Resources that make a burst.}
  settled: {type: duration, default: 7d, description: How long a principal must have been known.}
false_positives:
  - A change of job within the company.
attack: [T1021, T1078]
controls: ["NIST SP 800-53 SI-4", "ISO 27001:2022 A.8.16"]
status: stable
--- */
WITH firsts AS (
    SELECT principal_kind, principal_id, max(principal) AS principal, resource_id, min(address) AS address, min(first_at) AS at,
        min(first_flow) AS flow_id
    FROM access
    WHERE outcome = 'allowed' AND resource_id IS NOT NULL AND hour_at < :until
    GROUP BY principal_kind, principal_id, resource_id
), known AS (
    SELECT firsts.*, min(at) OVER (PARTITION BY principal_kind, principal_id) AS known_at FROM firsts
), counted AS (
    SELECT known.*, count(*) OVER (
        PARTITION BY principal_kind, principal_id ORDER BY at RANGE BETWEEN :window PRECEDING AND CURRENT ROW) AS edges_seen
    FROM known
    WHERE at >= known_at + :settled AND at >= :since
), bursts AS (
    SELECT principal_kind, principal_id, max(edges_seen) AS edges_seen, min(at) - :window AS from_at, max(at) AS to_at
    FROM counted WHERE edges_seen >= :edges
    GROUP BY principal_kind, principal_id
)
SELECT b.principal_kind, b.principal_id, coalesce(max(c.principal), b.principal_id) AS principal, b.edges_seen,
    min(c.address) AS address, min(c.at) AS first_seen, max(c.at) AS last_seen, count(*) AS count,
    json_group_array(c.flow_id) AS flow_ids
FROM bursts b
JOIN counted c ON c.principal_kind = b.principal_kind AND c.principal_id = b.principal_id AND c.at >= b.from_at AND c.at <= b.to_at
GROUP BY b.principal_kind, b.principal_id, b.edges_seen
