extension Schema {
    /// Records without connection id recognised as flows that a Connector's own record tells of.
    static let retellings = """
        CREATE TABLE retelling_fact (
            flow_id INTEGER PRIMARY KEY,        -- of the record without connection id; its state has the bit for it
            original_flow INTEGER NOT NULL,     -- of the Connector's own record
            differences INTEGER NOT NULL        -- SourceDifferences; 0: both say the same
        ) STRICT;
        CREATE INDEX retelling_original ON retelling_fact (original_flow);

        -- Runs of flows in which there are records without connection id, and of which kinds: RetellingNotes.Kinds.
        CREATE TABLE retelling_run (
            first_flow INTEGER PRIMARY KEY,
            kinds INTEGER NOT NULL
        ) STRICT;

        -- Times at which flows of an origin changed that had been compared already.
        CREATE TABLE retelling_queue (
            origin_id INTEGER NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (origin_id, at)
        ) STRICT, WITHOUT ROWID;

        INSERT INTO retelling_run
            SELECT first_flow, is_whole + 2 * is_by_start + 4 * is_by_end FROM (
                SELECT (SELECT max(first_flow) FROM flow_run WHERE first_flow <= flow_id) AS first_flow,
                    max(state & 32 <> 0) AS is_whole, max(state & 160 = 0) AS is_by_start, max(state & 160 = 128) AS is_by_end
                FROM flow_fact WHERE connection_id IS NULL GROUP BY 1)
            WHERE first_flow IS NOT NULL;
        """
}
