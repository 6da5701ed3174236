/* ---
id: quality
title: Quality of the data
question: How much do the records themselves leave open?
empty: There are no flows in the period.
shape: figures
columns:
  flows: {label: Connections, kind: integer}
  open: {label: Without an end, kind: integer}
  orphans: {label: Closed without a beginning, kind: integer}
  inferred: {label: Beginning computed from end and duration, kind: integer}
  unknown_start: {label: Beginning unknown, kind: integer}
  no_device: {label: Without a device, kind: integer}
  no_policy: {label: Enforced version not recorded, kind: integer}
  uncalibrated: {label: Connectors whose unit of duration is not proved, kind: integer}
status: stable
--- */
SELECT sum(flows) AS flows, sum(CASE outcome WHEN 'allowed' THEN open ELSE 0 END) AS open, sum(orphans) AS orphans,
    sum(inferred_starts) AS inferred, sum(unknown_starts) AS unknown_start,
    sum(CASE WHEN device_id IS NULL THEN flows ELSE 0 END) AS no_device,
    sum(CASE WHEN recorded_policy_version IS NULL THEN flows ELSE 0 END) AS no_policy,
    (SELECT count(*) FROM duration_calibration WHERE milliseconds = 0 AND microseconds = 0) AS uncalibrated
FROM access_detail
WHERE hour_at >= :since AND hour_at < :until
HAVING sum(flows) > 0
