extension Schema {
    /// A question about everything reads sums, and nothing else: they lie together, and an edge is but its keys.
    static let pagesOfEdges = """
        CREATE TABLE edge_page (
            page INTEGER PRIMARY KEY, -- edge_id / 256
            sums BLOB NOT NULL        -- EdgePage
        ) STRICT;
        ALTER TABLE edge DROP COLUMN flows;
        ALTER TABLE edge DROP COLUMN open;
        ALTER TABLE edge DROP COLUMN bytes_received;
        ALTER TABLE edge DROP COLUMN bytes_transferred;
        ALTER TABLE edge DROP COLUMN first_at;
        ALTER TABLE edge DROP COLUMN last_at;
        INSERT INTO setting (name, value) SELECT 'edge-pages-due', '1' WHERE EXISTS (SELECT 1 FROM edge_hour);
        """
}
