internal import GRDB

/// The tables of the audit database. They are private: whoever asks questions uses the views of `Views.swift`.
///
/// Texts stand once in `text`; a flow is a row of small integers that point to what it shares with others: `client` (who, from
/// where), `destination` (what, through which Connector), `route` (relays and tunnel), `remark` (error, reason for closing) and
/// `assessment` (what the policy engine said).
enum Schema {
    /// "TWAU": says that a file is a database of this program.
    static let applicationID = 0x5457_4155

    /// Makes all tables in a file that is empty, as the steps of `migrator` do one after the other; a test holds them against each other.
    static func create(in database: Database) throws {
        try database.execute(sql: "PRAGMA application_id = \(applicationID)")
        try database.execute(sql: tables)
        for step in migrator.migrations {
            try database.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES (?)", arguments: [step])
        }
    }

    /// How an older database becomes one of today. Every step is SQL that is never changed again, or an `AddedColumn`; new ones come last, and
    /// `tables` says what they come to. Views, and what follows from other tables, are made after the last one, by `DerivedTables`.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: version1)
        }
        migrator.registerMigration("sums of edges in pages") { database in
            try database.execute(sql: pagesOfEdges)
        }
        migrator.registerMigration("two sources of a flow") { database in
            try database.execute(sql: retellings)
        }
        migrator.registerMigration("reused ids and places of sources") { database in
            try database.execute(sql: reusedIdentities)
        }
        migrator.registerMigration("origins of journals") { database in
            try database.execute(sql: originsOfJournals)
        }
        migrator.registerMigration("failed attempts") { database in
            try database.execute(sql: failedAttempts)
        }
        migrator.registerMigration("claims of records") { database in
            try database.execute(sql: claimsOfRecords)
        }
        migrator.registerMigration("hours by slot") { database in
            try database.execute(sql: hoursBySlot)
        }
        migrator.registerMigration("names of the field") { database in
            try Views.drop(from: database)
            try database.execute(sql: fieldNames)
        }
        migrator.registerMigration("column remark.client_version") { database in
            try AddedColumn(table: "remark", name: "client_version").add(to: database)
        }
        migrator.registerMigration("clients, destinations, aggregates") { database in
            try Views.drop(from: database)
            try database.execute(sql: partsOfFlows)
        }
        return migrator
    }

    private static let tables = """
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        CREATE TABLE setting (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE text (
            text_id INTEGER PRIMARY KEY,
            value TEXT NOT NULL UNIQUE
        ) STRICT;
        CREATE TABLE client (
            client_id INTEGER PRIMARY KEY,
            principal_kind INTEGER NOT NULL,   -- 1 user, 2 service account
            principal_id INTEGER NOT NULL,
            principal INTEGER NOT NULL,
            service_key INTEGER NOT NULL,
            device INTEGER NOT NULL,
            client_ip INTEGER NOT NULL,
            location INTEGER NOT NULL,
            UNIQUE (principal, principal_id, principal_kind, service_key, device, client_ip, location)
        ) STRICT;
        CREATE INDEX client_principal_id ON client (principal_id);
        CREATE INDEX client_device ON client (device);
        CREATE INDEX client_client_ip ON client (client_ip);
        CREATE TABLE destination (
            destination_id INTEGER PRIMARY KEY,
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
        CREATE INDEX destination_connector ON destination (connector);
        CREATE INDEX destination_resource ON destination (resource_id);
        CREATE TABLE route (
            route_id INTEGER PRIMARY KEY,
            relays INTEGER NOT NULL,           -- JSON array of {"ip","name","port"}
            tunnel_path INTEGER NOT NULL,
            tunnel_protocol INTEGER NOT NULL,
            UNIQUE (relays, tunnel_path, tunnel_protocol)
        ) STRICT;
        CREATE TABLE assessment (
            assessment_id INTEGER PRIMARY KEY,
            class TEXT NOT NULL,
            reason TEXT NOT NULL,              -- '' : none
            expected_resource_id TEXT NOT NULL,
            qualifiers TEXT NOT NULL,
            policy_version TEXT NOT NULL,
            UNIQUE (class, reason, expected_resource_id, qualifiers, policy_version)
        ) STRICT;
        CREATE TABLE aggregate (
            aggregate_id INTEGER PRIMARY KEY,
            client_id INTEGER NOT NULL,
            destination_id INTEGER NOT NULL,
            outcome INTEGER NOT NULL, -- 1 denied, 2 failed, 3 allowed
            assessment_id INTEGER NOT NULL,
            UNIQUE (client_id, destination_id, outcome, assessment_id)
        ) STRICT;
        CREATE TABLE flow_fact (
            flow_id INTEGER PRIMARY KEY,
            started_at INTEGER NOT NULL,
            duration_ms INTEGER,      -- NULL: still open, or the end is not known
            aggregate_id INTEGER NOT NULL,
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
            connection_id ANY,        -- PackedConnectionID
            closed_duration INTEGER   -- as it was recorded
        ) STRICT;
        CREATE TABLE flow_run (
            first_flow INTEGER PRIMARY KEY,
            last_flow INTEGER NOT NULL,
            earliest INTEGER NOT NULL,
            latest INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE client_flows (
            first_flow INTEGER NOT NULL,
            client_id INTEGER NOT NULL,
            flows BLOB NOT NULL,
            PRIMARY KEY (first_flow, client_id)
        ) STRICT, WITHOUT ROWID;
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
        CREATE TABLE duration_evidence (
            connector_id INTEGER PRIMARY KEY,
            milliseconds INTEGER NOT NULL,
            microseconds INTEGER NOT NULL,
            neither INTEGER NOT NULL,
            applied INTEGER NOT NULL DEFAULT -1 -- the unit that starts stand in: 0 none, 1 milliseconds, 2 microseconds
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
            last_at INTEGER,
            content_head TEXT NOT NULL DEFAULT '', -- as `head`, of what the file inflates to
            counts_rows INTEGER NOT NULL DEFAULT 0,
            refusal TEXT,             -- why the file was passed over
            duration_unit TEXT,       -- that was stated for the file
            origin TEXT               -- of a journal segment: the journal's origin
        ) STRICT;
        CREATE INDEX source_digest ON source_file (size, digest);
        CREATE INDEX source_head ON source_file (head, size);
        CREATE INDEX source_content ON source_file (content_size, content_digest);
        CREATE INDEX source_content_head ON source_file (content_head);
        CREATE TABLE frame (
            source_id INTEGER NOT NULL,
            number INTEGER NOT NULL,  -- from 1 within the segment
            file_offset INTEGER NOT NULL,
            length INTEGER NOT NULL,
            inflated_offset INTEGER NOT NULL,
            first_sequence INTEGER NOT NULL,
            records INTEGER NOT NULL,
            leaf BLOB,                -- leaf hash
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
        CREATE INDEX other_record_kind ON other_record (category, kind, at);
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
            seen_at INTEGER NOT NULL,
            origin TEXT
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
        CREATE TABLE aggregate_page (
            page INTEGER PRIMARY KEY, -- aggregate_id / 256
            sums BLOB NOT NULL        -- AggregatePage
        ) STRICT;
        CREATE TABLE source_match_fact (
            flow_id INTEGER PRIMARY KEY,        -- of the record without connection id; its state has the bit for it
            original_flow INTEGER NOT NULL,     -- of the Connector's own record
            differences INTEGER NOT NULL        -- SourceDifferences; 0: both say the same
        ) STRICT;
        CREATE INDEX source_match_original ON source_match_fact (original_flow);
        CREATE TABLE source_match_run (
            first_flow INTEGER PRIMARY KEY,
            kinds INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE source_match_queue (
            client_id INTEGER NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (client_id, at)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE reused_identity (
            hash INTEGER NOT NULL,    -- of the identity
            subject INTEGER NOT NULL, -- FlowSubject
            at INTEGER NOT NULL,      -- when the connection may have begun
            flow_id INTEGER NOT NULL,
            PRIMARY KEY (hash, subject, at, flow_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX reused_identity_flow ON reused_identity (flow_id);
        CREATE TABLE source_place (
            source_id INTEGER NOT NULL,
            path TEXT NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (source_id, path)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE pending_duration (
            flow_id INTEGER PRIMARY KEY,
            connector_id INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX pending_duration_connector ON pending_duration (connector_id);
        CREATE TABLE flow_claim (
            flow_id INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            started_at INTEGER,
            ended_at INTEGER NOT NULL,
            duration INTEGER
        ) STRICT;
        CREATE INDEX flow_claim_flow ON flow_claim (flow_id);
        CREATE TABLE aggregate_hour (
            slot INTEGER PRIMARY KEY,  -- hours since 2000-01-01T00:00Z * 2^28 + the aggregate
            flows INTEGER NOT NULL,
            open INTEGER NOT NULL,
            bytes_received INTEGER NOT NULL,
            bytes_transferred INTEGER NOT NULL,
            first_ms INTEGER NOT NULL, -- within the hour
            span_ms INTEGER NOT NULL,
            first_flow INTEGER NOT NULL,
            span_flows INTEGER NOT NULL,
            hour INTEGER AS ((slot >> 28) + 262968), -- hours since 1970-01-01T00:00Z
            aggregate_id INTEGER AS (slot & 268435455),
            last_ms INTEGER AS (first_ms + span_ms),
            last_flow INTEGER AS (first_flow + span_flows)
        ) STRICT;
        CREATE INDEX aggregate_hour_aggregate ON aggregate_hour (aggregate_id);
        CREATE TABLE remark (
            remark_id INTEGER PRIMARY KEY,
            error INTEGER NOT NULL,
            close_reason INTEGER NOT NULL,
            requested INTEGER NOT NULL,
            decision_effect INTEGER NOT NULL,
            decision_reason INTEGER NOT NULL,
            policy_version INTEGER NOT NULL,
            policy_digest INTEGER NOT NULL,
            client_version INTEGER NOT NULL,
            UNIQUE (error, close_reason, requested, decision_effect, decision_reason, policy_version, policy_digest, client_version)
        ) STRICT;
        """
}
