/* ---
id: access.denied-burst
title: Somebody probes what they may not reach
severity: high
question: Who was refused unusually much in a short time?
description: >
  A person who works knows what they may reach. Many different refusals at once, or more refusals than successes, point to probing by
  a program or with a stolen account.
precisely: >
  Spread: at least `targets` distinct destinations (Resource or address, protocol, port) were denied to one principal on one device
  within `window`. Share: of at least `attempts` flows within `window`, more than `share` were denied. Refusals within `propagation`
  after a policy took effect do not count.
witness: connector
needs: [flows]
subject: [principal_kind, principal_id, device_id, problem]
explanation: "{principal} was refused {what} within {window}; refusals: {count}"
parameters:
  window: {type: duration, default: 10m, description: The stretch of time that is looked at.}
  targets: {type: integer, default: 10, description: Distinct destinations that make a burst.}
  attempts: {type: integer, default: 20, description: Flows within the window from which on the share counts.}
  share: {type: number, default: 0.5, description: Share of refusals above which it is a burst.}
  propagation: {type: duration, default: 300s, description: How long clients may act on an old policy.}
false_positives:
  - A client that keeps asking for a service that was taken away; the allowance covers only the first minutes.
attack: [T1046, T1110]
controls: ["NIST SP 800-53 SI-4", "NIST SP 800-53 AC-7", "ISO 27001:2022 A.8.16"]
status: stable
--- */
WITH refused AS MATERIALIZED (
    SELECT flow_id, started_at, principal_kind, principal_id, principal, coalesce(device_id, '') AS device_id,
        coalesce(resource_id, address, '') || ' ' || coalesce(protocol, '') || ' ' || coalesce(port, '') AS target
    FROM flow
    WHERE outcome = 'denied' AND started_at >= :since AND started_at < :until
        AND NOT EXISTS (
            SELECT 1 FROM policy_snapshot s
            WHERE flow.started_at >= s.effective_at AND flow.started_at < s.effective_at + :propagation)
-- A destination counts from its refusal until the window has passed or the same destination is refused again: the running sum of
-- beginnings and ends is the number of distinct destinations in the window that ends now.
), ends AS (
    SELECT principal_kind, principal_id, device_id, started_at + :window AS latest_end,
        lead(started_at) OVER (
            PARTITION BY principal_kind, principal_id, device_id, target ORDER BY started_at, flow_id) AS next_at
    FROM refused
), steps AS (
    SELECT principal_kind, principal_id, device_id, started_at AS at, 1 AS step FROM refused
    UNION ALL
    SELECT principal_kind, principal_id, device_id, CASE WHEN next_at < latest_end THEN next_at ELSE latest_end END, -1 FROM ends
), running AS (
    SELECT principal_kind, principal_id, device_id, at,
        sum(step) OVER (PARTITION BY principal_kind, principal_id, device_id ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS open
    FROM steps
), spread AS (
    SELECT principal_kind, principal_id, device_id, 'spread' AS problem, max(open) || ' distinct destinations' AS what,
        min(at) - :window AS from_at, max(at) AS to_at
    FROM running WHERE open >= :targets
    GROUP BY principal_kind, principal_id, device_id
), frequent AS MATERIALIZED (
    SELECT principal_kind, principal_id, device_id FROM refused
    GROUP BY principal_kind, principal_id, device_id HAVING count(*) > :attempts * :share
), aggregate AS MATERIALIZED (
    SELECT DISTINCT aggregate_id FROM access
    WHERE EXISTS (SELECT 1 FROM frequent)
        AND (principal_kind, principal_id, coalesce(device_id, '')) IN (SELECT principal_kind, principal_id, device_id FROM frequent)
), tried AS (
    SELECT started_at, principal_kind, principal_id, coalesce(device_id, '') AS device_id,
        flow_id IN (SELECT flow_id FROM refused) AS is_refused
    FROM flow
    WHERE started_at >= :since AND started_at < :until AND (outcome <> 'denied' OR flow_id IN (SELECT flow_id FROM refused))
        AND EXISTS (SELECT 1 FROM aggregate) AND aggregate_id IN (SELECT aggregate_id FROM aggregate)
), rated AS (
    SELECT tried.*, count(*) OVER recent AS attempts, sum(is_refused) OVER recent AS refusals
    FROM tried
    WINDOW recent AS (
        PARTITION BY principal_kind, principal_id, device_id ORDER BY started_at RANGE BETWEEN :window PRECEDING AND CURRENT ROW)
), shares AS (
    SELECT principal_kind, principal_id, device_id, 'share' AS problem,
        max(refusals) || ' of ' || max(attempts) || ' connections' AS what, min(started_at) - :window AS from_at,
        max(started_at) AS to_at
    FROM rated WHERE attempts >= :attempts AND refusals > attempts * :share
    GROUP BY principal_kind, principal_id, device_id
), bursts AS (
    SELECT * FROM spread UNION ALL SELECT * FROM shares
)
SELECT b.principal_kind, b.principal_id, coalesce(max(r.principal), b.principal_id) AS principal,
    nullif(b.device_id, '') AS device_id, b.problem, b.what, min(r.started_at) AS first_seen, max(r.started_at) AS last_seen,
    count(*) AS count, json_group_array(r.flow_id) AS flow_ids
FROM bursts b
JOIN refused r ON r.principal_kind = b.principal_kind AND r.principal_id = b.principal_id AND r.device_id = b.device_id
    AND r.started_at > b.from_at AND r.started_at <= b.to_at
GROUP BY b.principal_kind, b.principal_id, b.device_id, b.problem, b.what
