/* ---
id: bytes-by-resource
title: Bytes by Resource
question: Where does the data go, and who takes most of it?
description: >
  One row for each Resource, the largest first. The address is given where there was only one.
columns:
  bytes_received: {label: Received, kind: bytes}
  bytes_transferred: {label: Sent, kind: bytes}
examples:
  - twin-audit query run bytes-by-resource --since 2026-10-01
status: stable
--- */
WITH taken AS (
    SELECT coalesce(resource_id, address) AS destination, principal_kind, principal_id, max(principal) AS principal,
        max(resource_id) AS resource_id, min(address) AS address, max(address) AS last_address, sum(flows) AS flows,
        sum(bytes_received) AS bytes_received, sum(bytes_transferred) AS bytes_transferred
    FROM access
    WHERE outcome = 'allowed' AND hour_at >= :since AND hour_at < :until
    GROUP BY coalesce(resource_id, address), principal_kind, principal_id
), ranked AS (
    SELECT taken.*, row_number() OVER (PARTITION BY destination ORDER BY bytes_received DESC, principal_id) AS place FROM taken
)
SELECT max(resource_id) AS resource_id, CASE WHEN min(address) = max(last_address) THEN min(address) END AS address, sum(flows) AS flows,
    count(*) AS principals, sum(bytes_received) AS bytes_received, sum(bytes_transferred) AS bytes_transferred,
    max(CASE place WHEN 1 THEN coalesce(principal, principal_id) END) AS most_by,
    max(CASE place WHEN 1 THEN bytes_received END) AS bytes_most
FROM ranked
GROUP BY destination
ORDER BY bytes_received DESC, destination
