extension Schema {
    /// What each record said of the time of its connection is kept, so that which records make one flow, and which unit a Connector's durations
    /// have, do not depend on the order in which they came. Of flows whose start was computed from microseconds, the last digits are lost.
    static let claimsOfRecords = """
        ALTER TABLE flow_fact ADD COLUMN closed_duration INTEGER; -- of the closed event, where its start is not the flow's; see FlowDraft
        UPDATE flow_fact SET
            closed_duration = (SELECT duration FROM pending_duration p WHERE p.flow_id = flow_fact.flow_id),
            state = state | 4096
        WHERE flow_id IN (SELECT flow_id FROM pending_duration);
        UPDATE flow_fact SET closed_duration = CASE WHEN state & 16384 THEN duration_ms * 1000 ELSE duration_ms END
        WHERE state & 4096 AND state & 8 AND closed_duration IS NULL;

        -- Flows whose start follows from the unit of their Connector's durations, or will when that is known.
        DROP TABLE pending_duration;
        CREATE TABLE pending_duration (
            flow_id INTEGER PRIMARY KEY,
            connector_id INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX pending_duration_connector ON pending_duration (connector_id);
        INSERT INTO pending_duration
        SELECT f.flow_id, t.connector_id FROM flow_fact f JOIN edge e USING (edge_id) JOIN target t USING (target_id)
        WHERE f.state & 4096 AND f.state & 24 AND f.duration_ms IS NOT NULL;

        -- The unit in which the starts of these flows stand: 0 none, 1 milliseconds, 2 microseconds, -1 it is to be looked at.
        ALTER TABLE duration_evidence ADD COLUMN applied INTEGER NOT NULL DEFAULT -1;

        -- What a flow's records say of its time, where its row has no room for it: FlowClaim.
        CREATE TABLE flow_claim (
            flow_id INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            started_at INTEGER,
            ended_at INTEGER NOT NULL,
            duration INTEGER
        ) STRICT;
        CREATE INDEX flow_claim_flow ON flow_claim (flow_id);
        """
}
