extension Schema {
    static let version1 = """
        PRAGMA application_id = \(applicationID);

        CREATE TABLE setting (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE text (
            text_id INTEGER PRIMARY KEY,
            value TEXT NOT NULL UNIQUE
        ) STRICT;

        -- In dictionaries 0 stands for absent, so that UNIQUE sees it.
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
        CREATE INDEX origin_principal_id ON origin (principal_id);
        CREATE INDEX origin_device ON origin (device);
        CREATE INDEX origin_client_ip ON origin (client_ip);

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
        CREATE INDEX target_connector ON target (connector);
        CREATE INDEX target_resource ON target (resource_id);

        CREATE TABLE route (
            route_id INTEGER PRIMARY KEY,
            relays INTEGER NOT NULL,           -- JSON array of {"ip","name","port"}
            tunnel_path INTEGER NOT NULL,
            tunnel_protocol INTEGER NOT NULL,
            UNIQUE (relays, tunnel_path, tunnel_protocol)
        ) STRICT;

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

        -- An edge: who, from where, to what, through which Connector, with what outcome and verdict; and the sum of all its flows.
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

        -- The same by the hour of the flows' start.
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
        CREATE INDEX edge_hour_edge ON edge_hour (edge_id);

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

        -- Flows that were written together: consecutive numbers, at most 65,536, and between which times they start.
        CREATE TABLE flow_run (
            first_flow INTEGER PRIMARY KEY,
            last_flow INTEGER NOT NULL,
            earliest INTEGER NOT NULL,
            latest INTEGER NOT NULL
        ) STRICT;

        -- Which flows of a run are of an origin: numbers less `first_flow`, 16 bits each, little-endian. May name flows that have another
        -- origin by now; never leaves one out.
        CREATE TABLE origin_flows (
            first_flow INTEGER NOT NULL,
            origin_id INTEGER NOT NULL,
            flows BLOB NOT NULL,
            PRIMARY KEY (first_flow, origin_id)
        ) STRICT, WITHOUT ROWID;

        -- Which flow a (Connector, connection) is, as sorted runs that are merged as they grow: see IdentityRuns.
        CREATE TABLE identity_run (
            run_id INTEGER PRIMARY KEY,
            base_flow INTEGER NOT NULL,
            entries INTEGER NOT NULL,
            first_page INTEGER NOT NULL,
            fences BLOB NOT NULL,     -- the first key of each page, 8 bytes each
            filter BLOB NOT NULL      -- a Bloom filter in blocks of 64 bits
        ) STRICT;
        CREATE TABLE identity_page (
            page_id INTEGER PRIMARY KEY,
            entries BLOB NOT NULL     -- key (6 bytes) and number of the flow less `base_flow` (4 bytes), ascending by key
        ) STRICT;

        -- Durations whose unit their Connector has not shown yet.
        CREATE TABLE pending_duration (
            flow_id INTEGER PRIMARY KEY,
            hash INTEGER NOT NULL,    -- of the identity
            connector_id INTEGER NOT NULL,
            closed_at INTEGER NOT NULL,
            duration INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX pending_duration_connector ON pending_duration (connector_id);

        -- Pairs of established and closed events whose distance agrees with the duration read as milliseconds or microseconds.
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
        CREATE INDEX source_digest ON source_file (size, digest);
        CREATE INDEX source_head ON source_file (head, size);
        CREATE INDEX source_content ON source_file (content_size, content_digest);

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

        -- Everything that is no flow: journal records, name queries, administrative changes, unknown events.
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
        CREATE INDEX other_record_kind ON other_record (category, kind, at);

        CREATE TABLE snapshot (
            snapshot_id INTEGER PRIMARY KEY,
            effective_at INTEGER NOT NULL UNIQUE,
            version TEXT NOT NULL,
            digest TEXT NOT NULL,
            document TEXT NOT NULL    -- canonical JSON
        ) STRICT;

        -- The largest tree of each journal that was ever seen here.
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
        """
}
