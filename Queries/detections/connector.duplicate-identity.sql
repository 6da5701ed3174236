/* ---
id: connector.duplicate-identity
title: Two Connectors with one identity
severity: critical
question: Did one Connector id write two journals at the same time?
description: >
  The credentials of a Connector belong to one process. Two that run at once with the same id mean that they were copied.
precisely: >
  Two runs (`journal_opened`) of one connector id in different journals overlap by more than `overlap`. A run ends with the first
  `journal_closed` after it in its journal, else with the journal's last record.
witness: connector
needs: [journal-records]
subject: [connector_id, run, other_run]
explanation: >-
  Connector {connector} ran twice at once for {overlap_ms}: on host {host} in {journal}, and on host {other_host} in {other_journal}
parameters:
  overlap: {type: duration, default: 30s, description: How long a restart may overlap.}
false_positives:
  - A move of a Connector to another host during which the old one was not stopped.
attack: [T1552, T1078]
controls: ["NIST SP 800-53 IA-3", "NIST SP 800-53 IA-5", "ISO 27001:2022 A.5.17"]
status: stable
--- */
WITH opened AS (
    SELECT r.source_id, r.offset, r.line, r.at, s.journal, r.body ->> '$.connector.id' AS connector_id,
        r.body ->> '$.connector.name' AS connector, coalesce(r.body ->> '$.host', 'unknown') AS host,
        coalesce(r.body ->> '$.journal.run', s.journal || ' ' || r.at) AS run
    FROM journal_record r JOIN source s ON s.source_id = r.source_id
    WHERE r.kind = 'journal_opened' AND s.journal IS NOT NULL
), runs AS (
    SELECT o.*, coalesce(
        (SELECT min(c.at) FROM journal_record c JOIN source s ON s.source_id = c.source_id
            WHERE c.kind = 'journal_closed' AND s.journal = o.journal AND c.at >= o.at),
        (SELECT max(s.last_at) FROM source s WHERE s.journal = o.journal), o.at) AS ended_at
    FROM opened o
    WHERE o.connector_id IS NOT NULL
), overlaps AS (
    SELECT a.*, b.run AS other_run, b.host AS other_host, b.journal AS other_journal, b.source_id AS other_source,
        b.offset AS other_offset, b.line AS other_line, CASE WHEN a.at > b.at THEN a.at ELSE b.at END AS both_from,
        CASE WHEN a.ended_at < b.ended_at THEN a.ended_at ELSE b.ended_at END AS both_until
    FROM runs a JOIN runs b ON b.connector_id = a.connector_id AND b.journal <> a.journal AND b.run > a.run
)
SELECT connector_id, coalesce(connector, connector_id) AS connector, run, other_run, host, other_host, journal, other_journal,
    both_until - both_from AS overlap_ms, both_from AS first_seen, both_until AS last_seen, 1 AS count,
    json_array(source_id, offset, line, other_source, other_offset, other_line) AS records
FROM overlaps
WHERE both_until - both_from > :overlap AND both_until >= :since AND both_from < :until
