extension Schema {
    /// An hour of an edge is found by one number. Of most, last is first: what lies between is nothing then, and takes no byte. Pages of edges
    /// are packed by bits.
    static let hoursBySlot = """
        CREATE TEMP TABLE kept_hour AS SELECT * FROM edge_hour;
        DROP TABLE edge_hour;
        CREATE TABLE edge_hour (
            slot INTEGER PRIMARY KEY,  -- hours since 2000-01-01T00:00Z * 2^28 + the edge
            flows INTEGER NOT NULL,
            open INTEGER NOT NULL,
            bytes_received INTEGER NOT NULL,
            bytes_transferred INTEGER NOT NULL,
            first_ms INTEGER NOT NULL, -- within the hour
            span_ms INTEGER NOT NULL,
            first_flow INTEGER NOT NULL,
            span_flows INTEGER NOT NULL,
            hour INTEGER AS ((slot >> 28) + 262968), -- hours since 1970-01-01T00:00Z
            edge_id INTEGER AS (slot & 268435455),
            last_ms INTEGER AS (first_ms + span_ms),
            last_flow INTEGER AS (first_flow + span_flows)
        ) STRICT;
        INSERT INTO edge_hour (slot, flows, open, bytes_received, bytes_transferred, first_ms, span_ms, first_flow, span_flows)
        SELECT (hour - 262968 << 28) + edge_id, flows, open, bytes_received, bytes_transferred,
            -- What has no slot is refused.
            CASE WHEN edge_id BETWEEN 0 AND (1 << 28) - 1 AND hour - 262968 BETWEEN -(1 << 35) AND (1 << 35) - 1 THEN first_ms END,
            last_ms - first_ms, first_flow, last_flow - first_flow
        FROM kept_hour ORDER BY 1;
        CREATE INDEX edge_hour_edge ON edge_hour (edge_id);
        DROP TABLE kept_hour;

        -- Sums in bits, not in bytes.
        DELETE FROM edge_page;
        INSERT OR REPLACE INTO setting (name, value) SELECT 'edge-pages-due', '1' WHERE EXISTS (SELECT 1 FROM edge_hour);
        """
}
