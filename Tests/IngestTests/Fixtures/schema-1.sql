PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES('1');
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES('identity-seed','2360062130254458811');
CREATE TABLE text (
    text_id INTEGER PRIMARY KEY,
    value TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO text VALUES(1,'ana@acme.example');
INSERT INTO text VALUES(2,'1');
INSERT INTO text VALUES(3,'2');
INSERT INTO text VALUES(4,'203.0.113.9');
INSERT INTO text VALUES(5,'5');
INSERT INTO text VALUES(6,'a.example');
INSERT INTO text VALUES(7,'swift-otter');
INSERT INTO text VALUES(8,'3');
INSERT INTO text VALUES(9,'office');
INSERT INTO text VALUES(10,'7');
INSERT INTO text VALUES(11,'[]');
INSERT INTO text VALUES(12,'10.0.0.1');
INSERT INTO text VALUES(13,'b.example');
INSERT INTO text VALUES(14,'c.example');
INSERT INTO text VALUES(15,'e.example');
INSERT INTO text VALUES(16,'d.example');
CREATE TABLE origin (
    origin_id INTEGER PRIMARY KEY,
    principal_kind INTEGER NOT NULL,   -- 1 user, 2 service account
    principal_id INTEGER NOT NULL,
    principal INTEGER NOT NULL,
    service_key INTEGER NOT NULL,
    device INTEGER NOT NULL,
    client_ip INTEGER NOT NULL,
    location INTEGER NOT NULL,
    UNIQUE (principal, principal_id, principal_kind, service_key, device, client_ip, location)
) STRICT;
INSERT INTO origin VALUES(1,1,2,1,0,3,4,0);
CREATE TABLE target (
    target_id INTEGER PRIMARY KEY,
    connector_id INTEGER NOT NULL,
    connector INTEGER NOT NULL,
    network_id INTEGER NOT NULL,
    network INTEGER NOT NULL,
    resource_id INTEGER NOT NULL,
    address INTEGER NOT NULL,
    applied_rule INTEGER NOT NULL,
    protocol INTEGER NOT NULL,         -- 1 tcp, 2 udp, 3 icmp, else the text of another protocol + 16
    port INTEGER NOT NULL,             -- -1: absent
    UNIQUE (address, connector_id, connector, network_id, network, resource_id, applied_rule, protocol, port)
) STRICT;
INSERT INTO target VALUES(1,5,7,8,9,10,6,6,1,443);
INSERT INTO target VALUES(2,5,7,8,9,10,13,13,1,443);
INSERT INTO target VALUES(3,5,7,8,9,10,14,14,1,443);
INSERT INTO target VALUES(4,5,7,8,9,10,15,15,1,443);
INSERT INTO target VALUES(5,5,7,8,9,10,16,16,1,443);
CREATE TABLE route (
    route_id INTEGER PRIMARY KEY,
    relays INTEGER NOT NULL,           -- JSON array of {"ip","name","port"}
    tunnel_path INTEGER NOT NULL,
    tunnel_protocol INTEGER NOT NULL,
    UNIQUE (relays, tunnel_path, tunnel_protocol)
) STRICT;
INSERT INTO route VALUES(1,11,0,0);
CREATE TABLE remark (
    remark_id INTEGER PRIMARY KEY,
    error INTEGER NOT NULL,
    close_reason INTEGER NOT NULL,
    requested INTEGER NOT NULL,
    decision_effect INTEGER NOT NULL,
    decision_reason INTEGER NOT NULL,
    policy_version INTEGER NOT NULL,   -- as the Connector recorded it; -1: absent
    policy_digest INTEGER NOT NULL,
    UNIQUE (error, close_reason, requested, decision_effect, decision_reason, policy_version, policy_digest)
) STRICT;
CREATE TABLE judgement (
    judgement_id INTEGER PRIMARY KEY,
    class TEXT NOT NULL,
    reason TEXT NOT NULL,              -- '' : none
    expected_resource_id TEXT NOT NULL,
    qualifiers TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    UNIQUE (class, reason, expected_resource_id, qualifiers, policy_version)
) STRICT;
CREATE TABLE edge (
    edge_id INTEGER PRIMARY KEY,
    origin_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    outcome INTEGER NOT NULL, -- 1 denied, 2 failed, 3 allowed
    judgement_id INTEGER NOT NULL, -- 0: not judged
    flows INTEGER NOT NULL DEFAULT 0,
    open INTEGER NOT NULL DEFAULT 0,
    bytes_received INTEGER NOT NULL DEFAULT 0,
    bytes_transferred INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER,         -- NULL: no flow
    last_at INTEGER,
    UNIQUE (origin_id, target_id, outcome, judgement_id)
) STRICT;
INSERT INTO edge VALUES(1,1,1,3,0,2,0,10,20,1791439200000,1791439200000);
INSERT INTO edge VALUES(2,1,2,3,0,2,0,72,20,1791439202000,1791439202000);
INSERT INTO edge VALUES(3,1,3,3,0,1,0,7,10,1791439206000,1791439206000);
INSERT INTO edge VALUES(4,1,4,3,0,2,0,18,20,1791439208000,1791439208000);
INSERT INTO edge VALUES(5,1,5,3,0,1,0,8,10,1791439204000,1791439204000);
CREATE TABLE edge_hour (
    hour INTEGER NOT NULL,    -- hours since 1970-01-01T00:00Z
    edge_id INTEGER NOT NULL,
    flows INTEGER NOT NULL,
    open INTEGER NOT NULL,
    bytes_received INTEGER NOT NULL,
    bytes_transferred INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, -- within the hour
    last_ms INTEGER NOT NULL,
    first_flow INTEGER NOT NULL,
    last_flow INTEGER NOT NULL,
    PRIMARY KEY (hour, edge_id)
) STRICT, WITHOUT ROWID;
INSERT INTO edge_hour VALUES(497622,1,2,0,10,20,0,0,1,5);
INSERT INTO edge_hour VALUES(497622,2,2,0,72,20,2000,2000,2,6);
INSERT INTO edge_hour VALUES(497622,3,1,0,7,10,6000,6000,3,3);
INSERT INTO edge_hour VALUES(497622,4,2,0,18,20,8000,8000,4,8);
INSERT INTO edge_hour VALUES(497622,5,1,0,8,10,4000,4000,7,7);
CREATE TABLE flow_fact (
    flow_id INTEGER PRIMARY KEY,
    started_at INTEGER NOT NULL,
    duration_ms INTEGER,      -- NULL: still open, or the end is not known
    edge_id INTEGER NOT NULL,
    resource_ip INTEGER NOT NULL,
    route_id INTEGER NOT NULL,
    remark_id INTEGER NOT NULL,
    state INTEGER NOT NULL,   -- FlowState
    bytes_received INTEGER,
    bytes_transferred INTEGER,
    source_id INTEGER NOT NULL,
    source_offset INTEGER NOT NULL,
    source_line INTEGER NOT NULL,
    end_source_id INTEGER,    -- NULL: as source_id, or there is no second record
    end_offset INTEGER,
    end_line INTEGER,
    connection_id ANY         -- PackedConnectionID
) STRICT;
INSERT INTO flow_fact VALUES(1,1791439200000,1000,1,12,1,0,35,5,10,1,254,2,NULL,NULL,NULL,NULL);
INSERT INTO flow_fact VALUES(2,1791439202000,1000,2,12,1,0,35,6,10,1,418,3,NULL,NULL,NULL,NULL);
INSERT INTO flow_fact VALUES(3,1791439206000,1000,3,12,1,0,35,7,10,1,582,4,NULL,NULL,NULL,NULL);
INSERT INTO flow_fact VALUES(4,1791439208000,1000,4,12,1,0,35,9,10,1,746,5,NULL,NULL,NULL,NULL);
INSERT INTO flow_fact VALUES(5,1791439200000,1000,1,12,1,0,143,5,10,2,0,1,NULL,NULL,NULL,X'e755ba99988db55830');
INSERT INTO flow_fact VALUES(6,1791439202000,1000,2,12,1,0,143,66,10,2,460,2,NULL,NULL,NULL,X'e755ba99988db55832');
INSERT INTO flow_fact VALUES(7,1791439204000,1000,5,12,1,0,143,8,10,2,921,3,NULL,NULL,NULL,X'e755ba99988db55834');
INSERT INTO flow_fact VALUES(8,1791439208000,1000,4,12,1,0,143,9,10,2,1381,4,NULL,NULL,NULL,X'e755ba99988db55838');
CREATE TABLE flow_run (
    first_flow INTEGER PRIMARY KEY,
    last_flow INTEGER NOT NULL,
    earliest INTEGER NOT NULL,
    latest INTEGER NOT NULL
) STRICT;
INSERT INTO flow_run VALUES(1,8,1791439200000,1791439208000);
CREATE TABLE origin_flows (
    first_flow INTEGER NOT NULL,
    origin_id INTEGER NOT NULL,
    flows BLOB NOT NULL,
    PRIMARY KEY (first_flow, origin_id)
) STRICT, WITHOUT ROWID;
INSERT INTO origin_flows VALUES(1,1,X'00000100020003000400050006000700');
CREATE TABLE identity_run (
    run_id INTEGER PRIMARY KEY,
    base_flow INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    first_page INTEGER NOT NULL,
    fences BLOB NOT NULL,     -- the first key of each page, 8 bytes each
    filter BLOB NOT NULL      -- a Bloom filter in blocks of 64 bits
) STRICT;
INSERT INTO identity_run VALUES(1,1,8,1,X'958ebb19090e0000',X'7672c3670a3f86c4');
CREATE TABLE identity_page (
    page_id INTEGER PRIMARY KEY,
    entries BLOB NOT NULL     -- key (6 bytes) and number of the flow less `base_flow` (4 bytes), ascending by key
) STRICT;
INSERT INTO identity_page VALUES(1,X'0e0919bb8e950000000119635f594cb200000004615c6ac12cc3000000077b390e944d7b0000000280aaaa5c71e700000005ad9e625a09ba00000006bd45df9d0cb400000000fd507887eb0c00000003');
CREATE TABLE pending_duration (
    flow_id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,    -- of the identity
    connector_id INTEGER NOT NULL,
    closed_at INTEGER NOT NULL,
    duration INTEGER NOT NULL
) STRICT;
CREATE TABLE duration_evidence (
    connector_id INTEGER PRIMARY KEY,
    milliseconds INTEGER NOT NULL,
    microseconds INTEGER NOT NULL,
    neither INTEGER NOT NULL
) STRICT;
CREATE TABLE source_file (
    source_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,       -- journal, file, stdin
    format TEXT NOT NULL,
    compression TEXT NOT NULL,
    path TEXT NOT NULL,
    journal TEXT,             -- directory of the journal
    digest TEXT NOT NULL,     -- SHA-256 of the first `size` bytes
    size INTEGER NOT NULL,
    head TEXT NOT NULL,       -- SHA-256 of the first 4096 bytes, of a smaller file of all
    content_digest TEXT NOT NULL, -- SHA-256 of what the file inflates to; of a journal segment ''
    content_size INTEGER NOT NULL,
    position INTEGER NOT NULL,-- inflated bytes that are in the database
    file_position INTEGER NOT NULL, -- of a journal segment: bytes of whole frames that are in the database
    lines INTEGER NOT NULL,   -- lines before `position`
    context TEXT NOT NULL,    -- the header of a report, to go on behind `position`
    complete INTEGER NOT NULL,
    first_sequence INTEGER,   -- of a journal segment's first record
    frames INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    noise INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0,
    other INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER,
    last_at INTEGER
) STRICT;
INSERT INTO source_file VALUES(1,'file','network-report','none','report.csv',NULL,'fc69568d3797b4b5e62b9fae8500f1b460838b15b346bea2a7d8a92e10f85cce',910,'fc69568d3797b4b5e62b9fae8500f1b460838b15b346bea2a7d8a92e10f85cce','fc69568d3797b4b5e62b9fae8500f1b460838b15b346bea2a7d8a92e10f85cce',910,910,0,5,'start_time,end_time,user,user_id,device_id,client_ip,connector,connector_id,resource_ip,resource_port,resource_domain,resource_id,protocol,status,bytes_transferred,bytes_received,remote_network,remote_network_id,applied_rule,relays,relay_ips,relay_ports',1,NULL,0,4,0,0,0,0,1791439201000,1791439209000);
INSERT INTO source_file VALUES(2,'file','analytics','none','log.ndjson',NULL,'cc7236f9d568442f5ef3acecc456730dedaf116ece44888a1cb387bce4c43430',1841,'cc7236f9d568442f5ef3acecc456730dedaf116ece44888a1cb387bce4c43430','cc7236f9d568442f5ef3acecc456730dedaf116ece44888a1cb387bce4c43430',1841,1841,0,4,'',1,NULL,0,4,0,0,0,0,1791439201000,1791439209000);
CREATE TABLE frame (
    source_id INTEGER NOT NULL,
    number INTEGER NOT NULL,  -- from 1 within the segment
    file_offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    inflated_offset INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL,
    records INTEGER NOT NULL,
    PRIMARY KEY (source_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE quarantined_line (
    source_id INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    line INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT,
    raw BLOB NOT NULL,
    truncated INTEGER NOT NULL,
    PRIMARY KEY (source_id, offset)
) STRICT;
CREATE TABLE extra_field (
    source_id INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    line INTEGER NOT NULL,
    fields TEXT NOT NULL,     -- JSON object, keys are paths
    PRIMARY KEY (source_id, offset)
) STRICT;
CREATE TABLE other_record (
    source_id INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    line INTEGER NOT NULL,
    category TEXT NOT NULL,   -- journal, name_query, change, unknown
    kind TEXT NOT NULL,
    at INTEGER,
    sequence INTEGER,
    body TEXT NOT NULL,       -- JSON object
    PRIMARY KEY (source_id, offset)
) STRICT;
CREATE TABLE snapshot (
    snapshot_id INTEGER PRIMARY KEY,
    effective_at INTEGER NOT NULL UNIQUE,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    document TEXT NOT NULL    -- canonical JSON
) STRICT;
CREATE TABLE journal_root (
    journal TEXT PRIMARY KEY,
    frames INTEGER NOT NULL,
    root TEXT NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
CREATE TABLE finding_fact (
    finding_id TEXT PRIMARY KEY,
    rule_id TEXT NOT NULL,
    severity TEXT NOT NULL,
    status TEXT NOT NULL,     -- new, ongoing, gone
    title TEXT NOT NULL,
    explanation TEXT NOT NULL,
    witness TEXT NOT NULL,
    principal TEXT,
    resource TEXT,
    connector TEXT,
    subject TEXT NOT NULL,    -- JSON object: what the finding is about
    first_seen INTEGER,
    last_seen INTEGER,
    count INTEGER NOT NULL,
    parameters TEXT NOT NULL, -- JSON object
    evidence TEXT NOT NULL,   -- JSON array of {flow_id, source, journal, segment, frame, sequence, line, offset}
    suppressed_by TEXT
) STRICT;
CREATE TABLE action (
    action_id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    detail TEXT NOT NULL      -- JSON object
) STRICT;
INSERT INTO "action" VALUES(1,1795390181462,'uid 0','ingest','{"files":2,"files_known":0,"new_flows":8,"completions":0,"duplicates":0,"noise":0,"quarantined":0,"new_snapshots":0,"judged_again":0,"refused":0}');
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 VALUES('target','target_resource','5 5');
INSERT INTO sqlite_stat1 VALUES('target','target_connector','5 5');
INSERT INTO sqlite_stat1 VALUES('target','sqlite_autoindex_target_1','5 1 1 1 1 1 1 1 1 1');
INSERT INTO sqlite_stat1 VALUES('edge_hour','edge_hour_edge','5 1');
INSERT INTO sqlite_stat1 VALUES('edge_hour','edge_hour','5 5 1');
INSERT INTO sqlite_stat1 VALUES('origin','origin_client_ip','1 1');
INSERT INTO sqlite_stat1 VALUES('origin','origin_device','1 1');
INSERT INTO sqlite_stat1 VALUES('origin','origin_principal_id','1 1');
INSERT INTO sqlite_stat1 VALUES('origin','sqlite_autoindex_origin_1','1 1 1 1 1 1 1 1');
INSERT INTO sqlite_stat1 VALUES('source_file','source_content','2 1 1');
INSERT INTO sqlite_stat1 VALUES('source_file','source_head','2 1 1');
INSERT INTO sqlite_stat1 VALUES('source_file','source_digest','2 1 1');
CREATE INDEX origin_principal_id ON origin (principal_id);
CREATE INDEX origin_device ON origin (device);
CREATE INDEX origin_client_ip ON origin (client_ip);
CREATE INDEX target_connector ON target (connector);
CREATE INDEX target_resource ON target (resource_id);
CREATE INDEX edge_hour_edge ON edge_hour (edge_id);
CREATE INDEX pending_duration_connector ON pending_duration (connector_id);
CREATE INDEX source_digest ON source_file (size, digest);
CREATE INDEX source_head ON source_file (head, size);
CREATE INDEX source_content ON source_file (content_size, content_digest);
CREATE INDEX other_record_kind ON other_record (category, kind, at);
CREATE VIEW flow AS
SELECT f.flow_id,
    CASE WHEN typeof(f.connection_id) <> 'blob' THEN f.connection_id ELSE CASE length(f.connection_id)
    WHEN 16 THEN substr(lower(hex(f.connection_id)), 1, 8) || '-' || substr(lower(hex(f.connection_id)), 9, 4) || '-' || substr(lower(hex(f.connection_id)), 13, 4) || '-' || substr(lower(hex(f.connection_id)), 17, 4) || '-' || substr(lower(hex(f.connection_id)), 21, 12)
    WHEN 8 THEN substr(lower(hex(f.connection_id)), 1, 8) || '-' || substr(lower(hex(f.connection_id)), 9, 4) || '-' || substr(lower(hex(f.connection_id)), 13, 4)
    ELSE substr(lower(hex(f.connection_id)), 1, 16) || '-' || CAST(substr(f.connection_id, 9) AS TEXT)
END END AS connection_id,
    f.started_at,
    CASE WHEN f.duration_ms IS NOT NULL THEN f.started_at + f.duration_ms END AS ended_at,
    CASE f.state & 3 WHEN 3 THEN 'allowed' WHEN 1 THEN 'denied' WHEN 2 THEN 'failed' END AS outcome,
    CASE o.principal_kind WHEN 1 THEN 'user' WHEN 2 THEN 'service_account' END AS principal_kind,
    principal_id.value AS principal_id,
    principal.value AS principal,
    service_key.value AS service_key_id,
    device.value AS device_id,
    client_ip.value AS client_ip,
    location.value AS location,
    connector_id.value AS connector_id,
    connector.value AS connector,
    network_id.value AS network_id,
    network.value AS network,
    resource_id.value AS resource_id,
    applied_rule.value AS applied_rule,
    address.value AS address,
    resource_ip.value AS resource_ip,
    nullif(t.port, -1) AS port,
    CASE t.protocol WHEN 1 THEN 'tcp' WHEN 2 THEN 'udp' WHEN 3 THEN 'icmp' ELSE protocol.value END AS protocol,
    f.bytes_received,
    f.bytes_transferred,
    relays.value AS relay,
    CASE WHEN tunnel_path.value IS NOT NULL
            THEN CASE WHEN tunnel_path.value = 'direct' THEN 'direct' ELSE 'relayed' END
        WHEN relays.value = '[]' THEN 'direct'
        WHEN relays.value IS NOT NULL THEN 'relayed'
    END AS path,
    error.value AS error,
    close_reason.value AS close_reason,
    requested.value AS requested,
    nullif(j.policy_version, '') AS policy_version,
    j.class AS verdict,
    nullif(j.reason, '') AS reason,
    nullif(j.expected_resource_id, '') AS expected_resource_id,
    nullif(j.qualifiers, '') AS qualifiers,
    decision_effect.value AS recorded_effect,
    decision_reason.value AS recorded_reason,
    nullif(r.policy_version, -1) AS recorded_policy_version,
    recorded_digest.value AS recorded_policy_digest,
    f.state & 4 <> 0 AS is_orphan,
    f.state & 8 <> 0 AS start_is_inferred,
    f.state & 16 <> 0 AS start_is_unknown,
    f.state & 32 <> 0 AS is_whole,
    f.source_id,
    f.source_offset,
    f.source_line,
    CASE WHEN f.end_offset IS NOT NULL THEN coalesce(f.end_source_id, f.source_id) END AS end_source_id,
    f.end_offset,
    f.end_line
FROM flow_fact f
JOIN edge e ON e.edge_id = f.edge_id
JOIN origin o ON o.origin_id = e.origin_id
JOIN target t ON t.target_id = e.target_id
LEFT JOIN route ON route.route_id = f.route_id
LEFT JOIN remark r ON r.remark_id = f.remark_id
LEFT JOIN judgement j ON j.judgement_id = e.judgement_id
LEFT JOIN text principal_id ON principal_id.text_id = o.principal_id
LEFT JOIN text principal ON principal.text_id = o.principal
LEFT JOIN text service_key ON service_key.text_id = o.service_key
LEFT JOIN text device ON device.text_id = o.device
LEFT JOIN text client_ip ON client_ip.text_id = o.client_ip
LEFT JOIN text location ON location.text_id = o.location
LEFT JOIN text connector_id ON connector_id.text_id = t.connector_id
LEFT JOIN text connector ON connector.text_id = t.connector
LEFT JOIN text network_id ON network_id.text_id = t.network_id
LEFT JOIN text network ON network.text_id = t.network
LEFT JOIN text resource_id ON resource_id.text_id = t.resource_id
LEFT JOIN text applied_rule ON applied_rule.text_id = t.applied_rule
LEFT JOIN text address ON address.text_id = t.address
LEFT JOIN text protocol ON protocol.text_id = t.protocol - 16
LEFT JOIN text resource_ip ON resource_ip.text_id = f.resource_ip
LEFT JOIN text relays ON relays.text_id = route.relays
LEFT JOIN text tunnel_path ON tunnel_path.text_id = route.tunnel_path
LEFT JOIN text error ON error.text_id = r.error
LEFT JOIN text close_reason ON close_reason.text_id = r.close_reason
LEFT JOIN text requested ON requested.text_id = r.requested
LEFT JOIN text decision_effect ON decision_effect.text_id = r.decision_effect
LEFT JOIN text decision_reason ON decision_reason.text_id = r.decision_reason
LEFT JOIN text recorded_digest ON recorded_digest.text_id = r.policy_digest;
CREATE VIEW access AS
SELECT h.hour * 3600000 AS hour_at,
    CASE o.principal_kind WHEN 1 THEN 'user' WHEN 2 THEN 'service_account' END AS principal_kind,
    principal_id.value AS principal_id,
    principal.value AS principal,
    device.value AS device_id,
    client_ip.value AS client_ip,
    connector_id.value AS connector_id,
    connector.value AS connector,
    network_id.value AS network_id,
    network.value AS network,
    resource_id.value AS resource_id,
    applied_rule.value AS applied_rule,
    address.value AS address,
    nullif(t.port, -1) AS port,
    CASE t.protocol WHEN 1 THEN 'tcp' WHEN 2 THEN 'udp' WHEN 3 THEN 'icmp' ELSE protocol.value END AS protocol,
    CASE e.outcome WHEN 3 THEN 'allowed' WHEN 1 THEN 'denied' WHEN 2 THEN 'failed' END AS outcome,
    j.class AS verdict,
    nullif(j.reason, '') AS reason,
    nullif(j.expected_resource_id, '') AS expected_resource_id,
    nullif(j.qualifiers, '') AS qualifiers,
    nullif(j.policy_version, '') AS policy_version,
    h.flows,
    h.open,
    h.bytes_received,
    h.bytes_transferred,
    h.hour * 3600000 + h.first_ms AS first_at,
    h.hour * 3600000 + h.last_ms AS last_at,
    h.first_flow,
    h.last_flow
FROM edge_hour h
JOIN edge e ON e.edge_id = h.edge_id
JOIN origin o ON o.origin_id = e.origin_id
JOIN target t ON t.target_id = e.target_id
LEFT JOIN judgement j ON j.judgement_id = e.judgement_id
LEFT JOIN text principal_id ON principal_id.text_id = o.principal_id
LEFT JOIN text principal ON principal.text_id = o.principal
LEFT JOIN text device ON device.text_id = o.device
LEFT JOIN text client_ip ON client_ip.text_id = o.client_ip
LEFT JOIN text connector_id ON connector_id.text_id = t.connector_id
LEFT JOIN text connector ON connector.text_id = t.connector
LEFT JOIN text network_id ON network_id.text_id = t.network_id
LEFT JOIN text network ON network.text_id = t.network
LEFT JOIN text resource_id ON resource_id.text_id = t.resource_id
LEFT JOIN text applied_rule ON applied_rule.text_id = t.applied_rule
LEFT JOIN text address ON address.text_id = t.address
LEFT JOIN text protocol ON protocol.text_id = t.protocol - 16;
CREATE VIEW session AS
WITH marked AS (
    SELECT flow.*,
        CASE WHEN started_at - max(coalesce(ended_at, started_at)) OVER earlier <= 600000 THEN 0 ELSE 1 END AS starts
    FROM flow
    WHERE outcome <> 'denied' AND 1
    WINDOW earlier AS (PARTITION BY principal_kind, principal_id, device_id, resource_id ORDER BY started_at, flow_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), numbered AS (
    SELECT marked.*,
        sum(starts) OVER (PARTITION BY principal_kind, principal_id, device_id, resource_id ORDER BY started_at, flow_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS part
    FROM marked
)
SELECT min(flow_id) AS session_id,
    min(started_at) AS started_at,
    max(coalesce(ended_at, started_at)) AS ended_at,
    principal_kind, principal_id, max(principal) AS principal, device_id, resource_id,
    group_concat(DISTINCT address) AS addresses,
    group_concat(DISTINCT client_ip) AS client_ips,
    group_concat(DISTINCT connector) AS connectors,
    max(network) AS network,
    group_concat(DISTINCT path) AS paths,
    count(*) AS flows,
    sum(outcome = 'failed') AS failures,
    max(count(DISTINCT connector_id) - 1, 0) AS connector_changes,
    sum(bytes_received) AS bytes_received,
    sum(bytes_transferred) AS bytes_transferred,
    group_concat(DISTINCT verdict) AS verdicts
FROM numbered
GROUP BY principal_kind, principal_id, device_id, resource_id, part;
CREATE VIEW finding AS
SELECT finding_id, rule_id, severity, status, title, explanation, witness, principal, resource, connector, subject,
    first_seen, last_seen, count, parameters, evidence, suppressed_by
FROM finding_fact;
CREATE VIEW source AS
SELECT source_id, kind, format, compression, path, journal, digest, size, position, file_position, lines, complete, first_sequence, frames,
    events, noise, quarantined, duplicates, other, first_at, last_at
FROM source_file;
CREATE VIEW journal_frame AS
SELECT f.source_id, s.journal, s.path, f.number AS frame, f.file_offset, f.length, f.inflated_offset, f.first_sequence,
    f.records
FROM frame f JOIN source_file s ON s.source_id = f.source_id;
CREATE VIEW quarantine AS
SELECT q.source_id, s.path, q.line, q.offset, q.reason, q.detail, q.raw, q.truncated
FROM quarantined_line q JOIN source_file s ON s.source_id = q.source_id;
CREATE VIEW unknown_field AS
SELECT source_id, offset, line, fields FROM extra_field;
CREATE VIEW duration_calibration AS
SELECT text.value AS connector_id, milliseconds, microseconds, neither
FROM duration_evidence JOIN text ON text.text_id = duration_evidence.connector_id;
CREATE VIEW audit_event AS
SELECT action_id AS audit_event_id, at, actor, command, detail FROM action;
CREATE VIEW policy_snapshot AS
SELECT snapshot_id, version, effective_at,
    (SELECT min(later.effective_at) FROM snapshot later WHERE later.effective_at > snapshot.effective_at) AS superseded_at,
    digest, document
FROM snapshot;
CREATE VIEW policy_network AS
SELECT s.version AS policy_version, s.effective_at, s.superseded_at, n.value ->> '$.id' AS network_id,
    coalesce(n.value ->> '$.name', n.value ->> '$.id') AS network, coalesce(n.value ->> '$.active', 1) AS is_active
FROM policy_snapshot s, json_each(s.document, '$.networks') n;
CREATE VIEW policy_connector AS
SELECT s.version AS policy_version, s.effective_at, s.superseded_at, c.value ->> '$.id' AS connector_id,
    coalesce(c.value ->> '$.name', c.value ->> '$.id') AS connector, c.value ->> '$.network' AS network_id
FROM policy_snapshot s, json_each(s.document, '$.connectors') c;
CREATE VIEW policy_resource AS
SELECT s.version AS policy_version, s.effective_at, s.superseded_at, r.value ->> '$.id' AS resource_id,
    coalesce(r.value ->> '$.name', r.value ->> '$.id') AS resource, r.value ->> '$.address' AS address,
    r.value ->> '$.alias' AS alias, r.value ->> '$.network' AS network_id, coalesce(r.value ->> '$.active', 1) AS is_active,
    coalesce(r.value ->> '$.routing', 'through') AS routing
FROM policy_snapshot s, json_each(s.document, '$.resources') r;
CREATE VIEW policy_user AS
SELECT s.version AS policy_version, s.effective_at, s.superseded_at, u.value ->> '$.id' AS user_id,
    u.value ->> '$.email' AS email, coalesce(u.value ->> '$.state', 'active') AS state
FROM policy_snapshot s, json_each(s.document, '$.users') u;
CREATE VIEW policy_member AS
SELECT s.version AS policy_version, s.effective_at, s.superseded_at, g.value ->> '$.id' AS group_id,
    coalesce(g.value ->> '$.name', g.value ->> '$.id') AS "group", m.value AS user_id
FROM policy_snapshot s, json_each(s.document, '$.groups') g, json_each(g.value, '$.members') m
WHERE json_type(g.value, '$.members') = 'array'
UNION ALL
SELECT s.version, s.effective_at, s.superseded_at, g.value ->> '$.id',
    coalesce(g.value ->> '$.name', g.value ->> '$.id'), u.value ->> '$.id'
FROM policy_snapshot s, json_each(s.document, '$.groups') g, json_each(s.document, '$.users') u
WHERE g.value ->> '$.members' = 'everyone';
CREATE VIEW policy_grant AS
SELECT s.version AS policy_version, s.effective_at, s.superseded_at, r.value ->> '$.id' AS resource_id,
    a.value ->> '$.group' AS group_id, a.value ->> '$.serviceAccount' AS service_account_id,
    a.value ->> '$.expiresAt' AS expires
FROM policy_snapshot s, json_each(s.document, '$.resources') r, json_each(r.value, '$.access') a;
CREATE VIEW journal_record AS
SELECT source_id, offset, line, kind, at, sequence, body FROM other_record WHERE category = 'journal';
CREATE VIEW name_query AS
SELECT source_id, offset, line, at,
    body ->> '$.domain' AS domain, body ->> '$.root' AS root, body ->> '$.device_id' AS device_id,
    body ->> '$.device' AS device, body ->> '$.client_ip' AS client_ip, body ->> '$.protocol' AS protocol,
    body ->> '$.status' AS status, body -> '$.reasons' AS reasons
FROM other_record WHERE category = 'name_query';
CREATE VIEW administrative_change AS
SELECT source_id, offset, line, at, kind AS action,
    body ->> '$.actor_type' AS actor_type, body ->> '$.actor_id' AS actor_id, body ->> '$.actor' AS actor,
    body -> '$.targets' AS targets
FROM other_record WHERE category = 'change';
COMMIT;
