/* ---
id: identity.impossible-travel
title: A user at two places too far apart
severity: high
question: Who would have had to travel faster than an airliner?
description: >
  Two connections of one user from places that nobody can reach in the time between them: one of the two was not that user.
precisely: >
  Of two consecutive flows of one user, the locations lie more than `distance` kilometres apart and would need more than `speed`
  kilometres an hour; or they name different countries and the earlier flow was still open when the later one began.
witness: connector
needs: [locations]
subject: [principal_id, from_place, to_place]
explanation: "{principal} was in {from_place} and {elapsed_ms} later in {to_place}, {kilometres} km away; times seen: {count}"
parameters:
  distance: {type: number, default: 100, description: Kilometres below which places count as one.}
  speed: {type: number, default: 1000, description: Kilometres an hour that nobody exceeds.}
false_positives:
  - Exits of other tunnels, mobile carriers, and errors of geolocation.
attack: [T1078]
controls: ["NIST SP 800-53 AC-7", "NIST SP 800-53 SI-4", "SOC 2 CC6.1"]
status: stable
--- */
-- Who was always at one place has not travelled.
WITH traveller AS MATERIALIZED (
    SELECT principal_id, min(first_flow) AS first_flow, max(last_flow) AS last_flow FROM access_detail
    WHERE principal_kind = 'user' AND location IS NOT NULL AND hour_at >= :since AND hour_at < :until
    GROUP BY principal_id HAVING min(location) <> max(location)
), aggregate AS MATERIALIZED (
    SELECT DISTINCT aggregate_id FROM access_detail
    WHERE principal_kind = 'user' AND coalesce(principal_id, '') IN (SELECT coalesce(principal_id, '') FROM traveller)
), ordered AS (
    SELECT flow_id, started_at, principal_id, principal, location, lag(flow_id) OVER journey AS from_flow,
        lag(started_at) OVER journey AS from_at, lag(ended_at) OVER journey AS from_ended_at,
        lag(location) OVER journey AS from_location
    FROM flow
    WHERE principal_kind = 'user' AND location IS NOT NULL AND started_at >= :since AND started_at < :until
        AND flow_id BETWEEN (SELECT min(first_flow) FROM traveller) AND (SELECT max(last_flow) FROM traveller)
        AND aggregate_id IN (SELECT aggregate_id FROM aggregate)
    WINDOW journey AS (PARTITION BY principal_id ORDER BY started_at, flow_id)
), moved AS (
    SELECT ordered.*, CAST(location ->> '$.geoip.lat' AS REAL) AS lat, CAST(location ->> '$.geoip.lon' AS REAL) AS lon,
        location ->> '$.geoip.country' AS country,
        coalesce((location ->> '$.geoip.city') || ', ', '') || coalesce(location ->> '$.geoip.country', 'an unknown country') AS place,
        CAST(from_location ->> '$.geoip.lat' AS REAL) AS from_lat, CAST(from_location ->> '$.geoip.lon' AS REAL) AS from_lon,
        from_location ->> '$.geoip.country' AS from_country,
        coalesce((from_location ->> '$.geoip.city') || ', ', '')
            || coalesce(from_location ->> '$.geoip.country', 'an unknown country') AS from_place
    FROM ordered
    WHERE location <> from_location AND json_valid(location) AND json_valid(from_location)
), jumps AS (
    -- The haversine of the angle between the places, on a sphere of 6371 km.
    SELECT moved.*, 2 * 6371 * asin(sqrt(
        sin(radians(lat - from_lat) / 2) * sin(radians(lat - from_lat) / 2)
        + cos(radians(lat)) * cos(radians(from_lat)) * sin(radians(lon - from_lon) / 2) * sin(radians(lon - from_lon) / 2)))
        AS kilometres
    FROM moved
    WHERE lat IS NOT NULL AND lon IS NOT NULL AND from_lat IS NOT NULL AND from_lon IS NOT NULL
)
SELECT principal_id, coalesce(max(principal), principal_id) AS principal, from_place, place AS to_place,
    CAST(max(kilometres) AS INTEGER) AS kilometres, min(started_at - from_at) AS elapsed_ms, min(from_at) AS first_seen,
    max(started_at) AS last_seen, count(*) AS count, json_array(min(from_flow), min(flow_id), max(flow_id)) AS flow_ids
FROM jumps
WHERE kilometres > :distance
    AND (kilometres * 3600000 > :speed * (started_at - from_at) OR country <> from_country AND from_ended_at > started_at)
GROUP BY principal_id, from_place, place
