/* ---
id: journal.unclosed
title: Connections that were never closed
severity: low
question: Which connections have no end although their Connector stopped?
description: >
  When a Connector stops, its connections end. A journal that is closed and still has open connections does not tell how long they
  lasted nor how much they carried.
precisely: >
  A flow has no end, was allowed, and a `journal_closed` record follows its first record in the same journal. One finding for each
  Connector.
witness: connector
needs: [journal-records]
subject: [connector_id, journal]
explanation: "Connector {connector} stopped at {closed_at} and left {count} connections without an end in {journal}"
parameters: {}
false_positives: []
attack: [T1070]
controls: ["ISO 27001:2022 A.8.15", "NIST SP 800-53 AU-12"]
status: stable
--- */
WITH closed AS (
    SELECT s.journal, max(r.sequence) AS sequence, max(r.at) AS at
    FROM journal_record r JOIN source s ON s.source_id = r.source_id
    WHERE r.kind = 'journal_closed' AND s.journal IS NOT NULL
    GROUP BY s.journal
), open AS MATERIALIZED (
    SELECT flow_id, started_at, connector_id, connector, source_id, source_line FROM flow
    WHERE ended_at IS NULL AND outcome = 'allowed' AND started_at >= :since AND started_at < :until
)
SELECT f.connector_id, coalesce(max(f.connector), f.connector_id) AS connector, c.journal, max(c.at) AS closed_at,
    min(f.started_at) AS first_seen, max(f.started_at) AS last_seen, count(*) AS count, json_group_array(f.flow_id) AS flow_ids
FROM open f
JOIN source s ON s.source_id = f.source_id
JOIN closed c ON c.journal = s.journal
WHERE f.started_at <= c.at AND s.first_sequence + f.source_line - 1 < c.sequence
GROUP BY f.connector_id, c.journal
