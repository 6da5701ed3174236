extension Schema {
    /// Identities are hashed anew, by SipHash: the next ingest builds them (`DerivedTables`).
    static let reusedIdentities = """
        DELETE FROM identity_run;
        DELETE FROM identity_page;
        DELETE FROM setting WHERE name = 'identity-seed';

        -- Flows whose Connector and connection id another flow has, too: ReusedIdentities.
        CREATE TABLE reused_identity (
            hash INTEGER NOT NULL,    -- of the identity
            subject INTEGER NOT NULL, -- FlowSubject
            at INTEGER NOT NULL,      -- when the connection may have begun
            flow_id INTEGER NOT NULL,
            PRIMARY KEY (hash, subject, at, flow_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX reused_identity_flow ON reused_identity (flow_id);

        ALTER TABLE source_file ADD COLUMN content_head TEXT NOT NULL DEFAULT ''; -- SHA-256 of the first bytes that a compressed file inflates to
        ALTER TABLE source_file ADD COLUMN counts_rows INTEGER NOT NULL DEFAULT 0; -- has records without connection id
        ALTER TABLE source_file ADD COLUMN refusal TEXT;  -- why the file was passed over; NULL: it was not
        ALTER TABLE source_file ADD COLUMN duration_unit TEXT; -- ms or us, as stated by whoever ingested it; NULL: not stated
        CREATE INDEX source_content_head ON source_file (content_head);

        -- Absolute paths at which the bytes of a source were found, the latest with the highest number.
        CREATE TABLE source_place (
            source_id INTEGER NOT NULL,
            path TEXT NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (source_id, path)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO source_place SELECT source_id, path, 1 FROM source_file;

        ALTER TABLE frame ADD COLUMN leaf BLOB; -- RFC 6962 hash of the frame's bytes; NULL in rows of older versions
        """
}
