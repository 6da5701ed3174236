/* ---
id: log-gaps
title: Lines that logs say they lost
question: Where does a log say itself that lines were suppressed or lost?
description: >
  One row for each such message of the system that kept the log, such as journald and rsyslog. Connections of which the lost lines told are
  not in the database.
examples:
  - twin-audit query run log-gaps --since 30d
status: stable
--- */
SELECT g.at, s.path, g.line, g.kind, g.lost, g.text
FROM log_gap g
JOIN source s ON s.source_id = g.source_id
WHERE g.at IS NULL OR g.at >= :since AND g.at < :until
ORDER BY g.at, s.path, g.line
