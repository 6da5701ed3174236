/* ---
id: connector.silent
title: A Connector fell silent while its peers worked
severity: medium
question: Which Connectors stopped writing without saying so?
description: >
  Silence is an outage, or somebody who keeps a Connector from journaling. A planned stop leaves `journal_closed`.
precisely: >
  Between two heartbeats of a Connector, or after its last one, more than `missed` times `interval` passed in which it wrote no heartbeat
  and began no flow, its journal was not closed, and another Connector of the same Remote network wrote heartbeats.
witness: connector
needs: [journal-records]
subject: [connector_id, first_seen]
explanation: "Connector {connector} of network {network} wrote nothing for {silence_ms} while others of its network did"
parameters:
  interval: {type: duration, default: 60s, description: Time between heartbeats.}
  missed: {type: integer, default: 3, description: Heartbeats that may be missed.}
false_positives:
  - A host that was suspended.
attack: [T1562]
controls: ["ISO 27001:2022 A.8.15", "NIST SP 800-53 AU-5", "NIST SP 800-53 SI-4"]
status: stable
--- */
WITH beats AS (
    SELECT r.source_id, r.offset, r.line, r.at, s.journal, r.body ->> '$.connector.id' AS connector_id,
        r.body ->> '$.connector.name' AS connector, r.body ->> '$.remote_network.id' AS network_id,
        r.body ->> '$.remote_network.name' AS network
    FROM journal_record r JOIN source s ON s.source_id = r.source_id
    WHERE r.kind = 'heartbeat' AND r.at >= :since AND r.at < :until
), horizon AS (
    SELECT network_id, max(at) AS last_at FROM beats GROUP BY network_id
), pauses AS (
    SELECT b.*, coalesce(lead(b.at) OVER (PARTITION BY b.connector_id ORDER BY b.at), h.last_at) AS next_at
    FROM beats b JOIN horizon h ON h.network_id = b.network_id
), silent AS (
    SELECT p.* FROM pauses p
    WHERE p.next_at - p.at > :missed * :interval
        AND NOT EXISTS (
            SELECT 1 FROM journal_record c JOIN source s ON s.source_id = c.source_id
            WHERE c.kind = 'journal_closed' AND s.journal = p.journal AND c.at >= p.at AND c.at <= p.next_at)
        AND EXISTS (
            SELECT 1 FROM beats other
            WHERE other.network_id = p.network_id AND other.connector_id <> p.connector_id
                AND other.at > p.at + :interval AND other.at + :interval <= p.next_at)
)
SELECT connector_id, coalesce(connector, connector_id) AS connector, coalesce(network, network_id) AS network,
    next_at - at AS silence_ms, at AS first_seen, next_at AS last_seen, 1 AS count, json_array(source_id, offset, line) AS records
FROM silent
WHERE NOT EXISTS (
    SELECT 1 FROM flow f
    WHERE f.connector_id = silent.connector_id AND f.started_at > silent.at + :interval AND f.started_at < silent.next_at)
