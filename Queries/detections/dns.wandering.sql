/* ---
id: dns.wandering
title: A name flips between private and public addresses
severity: medium
question: Which names led now into the private network and now to the public Internet?
description: >
  A name of a private service that answers with a public address sends traffic out of the network that the Connector was to open; the
  other way round, a public name reaches in.
precisely: >
  Within the period and one Remote network, carried flows for one name (not dialled by address) went to at least one private and at
  least one public address. Private: RFC 1918, RFC 6598, loopback, link-local, and IPv6 fc00::/7, fe80::/10, ::1.
witness: connector
needs: [flows]
subject: [address, network_id]
explanation: >-
  {address} led to private ({private_ip}) and to public ({public_ip}) addresses in network {network}, with {flips} changes; flows:
  {count}
parameters: {}
false_positives:
  - Disaster fail-over to a public site.
  - Services that are reached inside and outside by intent.
attack: [T1557, T1568]
controls: ["NIST SP 800-53 SC-20", "ISO 27001:2022 A.8.20"]
status: stable
--- */
-- Counted flows tell which names resolved to both sides, if any: only their flows are looked at in the order of time.
WITH private_ip AS MATERIALIZED (
    SELECT resource_ip
    FROM (SELECT DISTINCT resource_ip FROM access_detail WHERE resource_ip IS NOT NULL AND hour_at >= :since AND hour_at < :until)
    WHERE resource_ip LIKE '10.%' OR resource_ip LIKE '192.168.%' OR resource_ip LIKE '127.%'
        OR resource_ip LIKE '169.254.%' OR resource_ip GLOB '172.1[6-9].*' OR resource_ip GLOB '172.2[0-9].*'
        OR resource_ip GLOB '172.3[01].*' OR resource_ip GLOB '100.6[4-9].*' OR resource_ip GLOB '100.[7-9][0-9].*'
        OR resource_ip GLOB '100.1[01][0-9].*' OR resource_ip GLOB '100.12[0-7].*' OR resource_ip = '::1'
        OR resource_ip GLOB 'f[cd]*:*' OR resource_ip GLOB 'fe[89ab]*:*'
), reached AS (
    SELECT DISTINCT address, network_id, resource_ip IN (SELECT resource_ip FROM private_ip) AS is_private
    FROM access_detail
    WHERE outcome IN ('allowed', 'failed') AND resource_ip IS NOT NULL AND address IS NOT NULL AND address <> resource_ip
        AND hour_at >= :since AND hour_at < :until
), wanderer AS MATERIALIZED (
    SELECT address, coalesce(network_id, '') AS network_id FROM reached GROUP BY address, network_id HAVING count(*) = 2
), aggregate AS MATERIALIZED (
    SELECT DISTINCT aggregate_id FROM access_detail
    WHERE EXISTS (SELECT 1 FROM wanderer) AND (address, coalesce(network_id, '')) IN (SELECT address, network_id FROM wanderer)
), named AS (
    SELECT flow_id, started_at, address, network_id, network, resource_ip, resource_id,
        CASE WHEN resource_ip IN (SELECT resource_ip FROM private_ip) THEN 'private' ELSE 'public' END AS side
    FROM flow
    WHERE outcome IN ('allowed', 'failed') AND resource_ip IS NOT NULL AND address IS NOT NULL AND address <> resource_ip
        AND started_at >= :since AND started_at < :until
        AND EXISTS (SELECT 1 FROM aggregate) AND aggregate_id IN (SELECT aggregate_id FROM aggregate)
), ordered AS (
    SELECT named.*, lag(side) OVER (PARTITION BY address, network_id ORDER BY started_at, flow_id) AS side_before
    FROM named
)
SELECT address, network_id, coalesce(max(network), network_id) AS network, coalesce(max(resource_id), address) AS resource,
    min(CASE side WHEN 'private' THEN resource_ip END) AS private_ip, min(CASE side WHEN 'public'
        THEN resource_ip END) AS public_ip,
    sum(CASE WHEN side <> side_before THEN 1 ELSE 0 END) AS flips,
    min(CASE WHEN side <> side_before THEN started_at END) AS first_seen,
    max(CASE WHEN side <> side_before THEN started_at END) AS last_seen, count(*) AS count,
    json_array(min(CASE side WHEN 'private' THEN flow_id END), min(CASE side WHEN 'public' THEN flow_id END),
        min(CASE WHEN side <> side_before THEN flow_id END), max(CASE WHEN side <> side_before THEN flow_id END)) AS flow_ids
FROM ordered
GROUP BY address, network_id
HAVING count(DISTINCT side) = 2
