/* ---
id: identity.many-devices
title: One user on unusually many devices in a day
severity: medium
question: Whose account was used from more devices in a day than one person has?
description: >
  An account that is shared or stolen shows itself by devices.
precisely: >
  Flows of one user (not of a service account) on more than `devices` distinct device ids within one day in UTC.
witness: connector
needs: [flows]
subject: [principal_id, day_at]
explanation: "{principal} used {devices_seen} devices on the day that began at {day_at}; flows: {count}"
parameters:
  devices: {type: integer, default: 5, description: Devices that one person may use in a day.}
false_positives:
  - Administrators of test devices.
attack: [T1078]
controls: ["ISO 27001:2022 A.5.16", "NIST SP 800-53 IA-2", "SOC 2 CC6.1"]
status: stable
--- */
SELECT principal_id, coalesce(max(principal), principal_id) AS principal, hour_at / 86400000 * 86400000 AS day_at,
    count(DISTINCT device_id) AS devices_seen, min(first_at) AS first_seen, max(last_at) AS last_seen, sum(flows) AS count,
    json_group_array(first_flow) AS flow_ids
FROM access
WHERE principal_kind = 'user' AND device_id IS NOT NULL AND hour_at >= :since AND hour_at < :until
GROUP BY principal_id, hour_at / 86400000
HAVING count(DISTINCT device_id) > :devices
