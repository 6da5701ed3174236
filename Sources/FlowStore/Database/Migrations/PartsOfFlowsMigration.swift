extension Schema {
    /// What a flow shares with others is called what its field calls it. Views are made again afterwards.
    static let partsOfFlows = """
        ALTER TABLE origin RENAME TO client;
        ALTER TABLE client RENAME COLUMN origin_id TO client_id;
        DROP INDEX origin_principal_id;
        DROP INDEX origin_device;
        DROP INDEX origin_client_ip;
        CREATE INDEX client_principal_id ON client (principal_id);
        CREATE INDEX client_device ON client (device);
        CREATE INDEX client_client_ip ON client (client_ip);
        ALTER TABLE target RENAME TO destination;
        ALTER TABLE destination RENAME COLUMN target_id TO destination_id;
        DROP INDEX target_connector;
        DROP INDEX target_resource;
        CREATE INDEX destination_connector ON destination (connector);
        CREATE INDEX destination_resource ON destination (resource_id);
        ALTER TABLE edge RENAME TO aggregate;
        ALTER TABLE aggregate RENAME COLUMN edge_id TO aggregate_id;
        ALTER TABLE aggregate RENAME COLUMN origin_id TO client_id;
        ALTER TABLE aggregate RENAME COLUMN target_id TO destination_id;
        ALTER TABLE edge_hour RENAME TO aggregate_hour;
        ALTER TABLE aggregate_hour RENAME COLUMN edge_id TO aggregate_id;
        DROP INDEX edge_hour_edge;
        CREATE INDEX aggregate_hour_aggregate ON aggregate_hour (aggregate_id);
        ALTER TABLE edge_page RENAME TO aggregate_page;
        ALTER TABLE flow_fact RENAME COLUMN edge_id TO aggregate_id;
        ALTER TABLE origin_flows RENAME TO client_flows;
        ALTER TABLE client_flows RENAME COLUMN origin_id TO client_id;
        ALTER TABLE source_match_queue RENAME COLUMN origin_id TO client_id;
        UPDATE setting SET name = 'aggregate-pages-due' WHERE name = 'edge-pages-due';
        """
}
